"""The question: read from `question`, or from a conversation whose last human message it is.

What came after that message, tools called and what they answered, belongs to the question: LLMs are shown it as text.
Nothing is dropped in silence: what cannot be shown is refused in the question's own turn, and named by `left_out` in
earlier ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from typing_extensions import TypedDict

from smacs.errors import InputError
from smacs.pool.calls.tokens import estimate_tokens
from smacs.pool.prompts import Message

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from smacs.pool.pool import Pool

_PROMPT_RESERVE = 256  # tokens of prompt templates and of at least something of the references
_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
_TEXT = ("text", "reasoning", "thinking", "tool_use", "tool_call", "non_standard_annotation")
_SO_FAR = "What has been done for it so far:"


class QuestionInput(TypedDict, total=False):
    """What `retrieve` reads: the question, or a conversation whose last human message is the question.

    `dataset` is the data set of the bank that the question belongs to, where the caller knows it.
    """

    question: str
    messages: list[Any]
    task: str
    system: str
    dataset: str


class Asked(TypedDict):
    """The question as it was read: its task and data set, the caller's system prompt, and the turns before it."""

    question: str
    task: str
    system: str
    history: list[Message]
    dataset: str


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message as text; `unread` are the kinds of its parts that no LLM would be shown."""

    role: str
    text: str
    unread: tuple[str, ...] = ()


def read_question(state: QuestionInput) -> Asked:
    """The question out of what came in.

    Raises InputError when there is no question, and for images and other parts of it that are no text.
    """
    question, history = state.get("question") or "", list[Message]()
    system = [state.get("system") or ""]
    if not question:
        turns = _turns(state)
        system += [turn.text for turn in turns if turn.role == "system"]
        before, own = _split(turns)
        _all_read(own)
        question, history = _with_what_followed(own), _folded(before)
    if not question.strip():
        raise InputError("The question is empty. Expected text in `question`, or a human message in `messages`.")
    return {
        "question": question.strip(),
        "task": state.get("task") or "open",
        "system": "\n\n".join(part for part in system if part),
        "history": history,
        "dataset": state.get("dataset") or "",
    }


def left_out(state: QuestionInput) -> list[str]:
    """What the LLMs are not shown of the turns before the question, in words."""
    if state.get("question"):
        return []
    before, _ = _split(_turns(state))
    kinds = dict.fromkeys(kind for turn in before for kind in turn.unread)
    return [f"the LLMs are not shown what earlier messages hold beside text: {', '.join(kinds)}"] if kinds else []


def check_length(question: str, pool: "Pool") -> None:
    """Raise InputError when no aggregator's context window can hold the question beside a reply."""
    room, name = max((llm.window, llm.name) for llm in pool.aggregators)
    tokens = estimate_tokens(question)
    if tokens + _PROMPT_RESERVE > room:
        raise InputError(
            f"The question is too long: {len(question):,} characters, about {tokens:,} tokens, but the context "
            f"window of {name} holds {room:,}. Shorten it, or name an aggregator with a longer window in the pool file."
        )


def _turns(state: QuestionInput) -> list[_Turn]:
    """The messages of a conversation in any of LangChain's forms. Raises InputError for what is none."""
    from langchain_core.messages import convert_to_messages

    given = state.get("messages") or []
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"`messages`: expected a list of messages, got {type(given).__name__}.")
    try:
        messages = convert_to_messages(given)
    except (ValueError, TypeError, NotImplementedError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"`messages` cannot be read ({reason}). Expected LangChain messages, or objects with `role` and `content`."
        ) from error
    tools = {call["id"]: call["name"] for message in messages for call in getattr(message, "tool_calls", ())}
    return [_turn(message, tools) for message in messages]


def _turn(message: "BaseMessage", tools: Mapping[str | None, str]) -> _Turn:
    """A message as text; `tools` are the names of the tools that were called, by the call's id."""
    role = _ROLES.get(message.type)
    if role is None:
        return _Turn("", "", (f"a message of role {getattr(message, 'role', message.type)}",))
    parts = message.content if isinstance(message.content, list) else []
    kinds = [part.get("type", "a part without type") for part in parts if isinstance(part, dict)]
    unread = tuple(dict.fromkeys(str(kind) for kind in kinds if kind not in _TEXT))
    text = message.text.strip()
    if role == "tool":
        name = message.name or tools.get(getattr(message, "tool_call_id", None))
        text = f"{f'The tool {name}' if name else 'The tool'} answered: {text or 'nothing'}"
    calls = [
        f"The tool {call['name']} was called with {orjson.dumps(call['args'], default=str).decode()}."
        for call in getattr(message, "tool_calls", ())
    ]
    return _Turn(role, "\n".join(filter(None, [text, *calls])), unread)


def _split(turns: Sequence[_Turn]) -> tuple[list[_Turn], list[_Turn]]:
    """The turns before the last human message, and from it on; system prompts are in neither."""
    talk = [turn for turn in turns if turn.role != "system" and (turn.text or turn.unread)]
    last = max((i for i, turn in enumerate(talk) if turn.role == "user"), default=len(talk))
    return talk[:last], talk[last:]


def _all_read(turns: Iterable[_Turn]) -> None:
    """Raise InputError where a turn holds something that no LLM would be shown."""
    unread = dict.fromkeys(kind for turn in turns for kind in turn.unread)
    if unread:
        raise InputError(
            f"The question holds {', '.join(unread)}, and the LLMs are asked with text alone. Say it in words, or send "
            "this message to an LLM that can read it."
        )


def _with_what_followed(own: Sequence[_Turn]) -> str:
    """The question's text, and after it what was said and done since it was asked."""
    if not own:
        return ""
    question, since = own[0].text, [turn.text for turn in own[1:]]
    return "\n\n".join([question, "\n".join([_SO_FAR, *since])]) if question and since else question


def _folded(turns: Iterable[_Turn]) -> list[Message]:
    """Turns of user and assistant; what a tool answered belongs to the assistant's turn that called it."""
    folded: list[Message] = []
    for turn in turns:
        role = "user" if turn.role == "user" else "assistant"
        if turn.text and role == "assistant" and folded and folded[-1]["role"] == role:
            folded[-1]["content"] += f"\n{turn.text}"
        elif turn.text:
            folded.append({"role": role, "content": turn.text})
    return folded
