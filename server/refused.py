"""What a request must not ask for, because ignoring it would change what the answer means."""

from typing import Any

from smacs.server.errors import ApiError
from smacs.server.wire import ChatRequest

_NOTHING: tuple[Any, ...] = (None, False, 0, "", [], {})
_TOOLS = "SMACS calls no tools"
_SHAPE = "an answer is free text; say in the prompt how it must look"
_SAMPLING = "the LLMs inside have their own sampling; set it for each of them in the pool file"
_SCORES = "an answer is chosen among several, so it has no log-probabilities; `smacs.trace` has its perplexity"

# Field -> (values that ask for nothing, why others are refused).
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "tools": (_NOTHING, _TOOLS),
    "tool_choice": ((*_NOTHING, "none", "auto"), _TOOLS),
    "functions": (_NOTHING, _TOOLS),
    "function_call": ((*_NOTHING, "none", "auto"), _TOOLS),
    "web_search_options": ((None,), "SMACS searches nothing"),
    "audio": (_NOTHING, "answers are text"),
    "modalities": ((*_NOTHING, ["text"]), "answers are text"),
    "response_format": ((*_NOTHING, {"type": "text"}), _SHAPE),
    "structured_outputs": (_NOTHING, _SHAPE),
    "guided_json": (_NOTHING, _SHAPE),
    "guided_regex": (_NOTHING, _SHAPE),
    "guided_choice": (_NOTHING, _SHAPE),
    "guided_grammar": (_NOTHING, _SHAPE),
    "logprobs": (_NOTHING, _SCORES),
    "top_logprobs": (_NOTHING, _SCORES),
    "prompt_logprobs": (_NOTHING, _SCORES),
    "logit_bias": (_NOTHING, "the LLMs inside have different tokens"),
    "top_p": ((None, 1), _SAMPLING),
    "top_k": ((None, 0, -1), _SAMPLING),
    "min_p": ((None, 0), _SAMPLING),
    "frequency_penalty": ((None, 0), _SAMPLING),
    "repetition_penalty": ((None, 1), _SAMPLING),
    "best_of": ((None, 1), "SMACS chooses the best of its candidates by itself; `smacs.settings.n` is how many"),
    "echo": (_NOTHING, "a reply holds the answer alone"),
    "continue_final_message": (_NOTHING, "the last message is the question"),
}
_REFUSED_OF_A_MESSAGE = ("tool_calls", "function_call", "audio")


def refuse(request: ChatRequest) -> None:
    """Raise ApiError for the first field that cannot be honoured."""
    for name, value in (request.model_extra or {}).items():
        nothing, why = REFUSED.get(name, ((), ""))
        if why and value not in nothing:
            raise ApiError(f"{name} is not supported: {why}. Leave it out.", param=name, code="unsupported")
    for position, turn in enumerate(request.messages):
        for name in _REFUSED_OF_A_MESSAGE:
            if (turn.model_extra or {}).get(name):
                raise ApiError(
                    f"{name} of a message is not supported: messages are text.", param=f"messages.{position}"
                )
    if request.messages[-1].role != "user":
        role = request.messages[-1].role
        message = f"Expected the last message to be the user's, it is the question; got one of the {role}."
        raise ApiError(message, param=f"messages.{len(request.messages) - 1}")
