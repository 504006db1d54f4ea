"""One call of a LangChain chat model: what is asked for, the call itself, and what comes back.

Inside a graph where nobody listens LangChain's callback machinery is bypassed: it costs more than all the rest.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Message
from smacs.pool.replies import Choice
from smacs.pool.thinking import split_thinking
from smacs.pool.tokens import at_most_tokens, estimate_prompt

if TYPE_CHECKING:
    from langchain_core.callbacks import Callbacks
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGeneration

    from smacs.pool.chat import FastChatOpenAI

_TEMPLATE_RESERVE = 64  # tokens the server's chat template may add
_SMALLEST_REPLY = 16


def call_options(
    spec: LLMSpec,
    messages: Sequence[Message],
    *,
    n: int,
    logprobs: bool,
    seed: int | None,
    sampling: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The request's parameters; the LLM's own sampling wins, and `max_tokens` leaves room for the prompt."""
    options = {**(sampling or {}), **spec.sampling.model_dump(exclude_none=True)}
    if "max_tokens" in options:
        room = spec.context - _TEMPLATE_RESERVE
        if options["max_tokens"] > room - at_most_tokens(messages):
            room -= estimate_prompt(messages)
            options["max_tokens"] = min(options["max_tokens"], max(room, _SMALLEST_REPLY))
    if n > 1:
        options["n"] = n
    if seed is not None:
        options["seed"] = seed
    if logprobs and spec.logprobs:
        options["logprobs"] = True
        options["top_logprobs"] = spec.top_logprobs
    return options


async def generate(
    chat: "FastChatOpenAI", name: str, messages: Sequence[Message], options: Mapping[str, Any]
) -> tuple[Sequence["ChatGeneration"], Mapping[str, Any]]:
    """The generations, one for each of `n`, and the token usage; tracers see the call as `name`."""
    from langchain_core.messages import convert_to_messages
    from langchain_core.runnables.config import ensure_config

    prompt = convert_to_messages(list(messages))
    callbacks = ensure_config().get("callbacks")
    if _nobody_listens(callbacks):
        plain = await chat._agenerate(prompt, **options)
        return plain.generations, (plain.llm_output or {}).get("token_usage") or {}
    result = await chat.agenerate(
        [prompt],
        callbacks=callbacks,
        tags=["nostream"],  # LangGraph: one token stream, the answer's, not fifteen
        metadata={"smacs_llm": name},
        run_name=name,
        **options,
    )
    return cast("list[ChatGeneration]", result.generations[0]), (result.llm_output or {}).get("token_usage") or {}


def choice_of(message: "BaseMessage", thinking_style: str) -> Choice:
    """A message as a `Choice`, its thinking split off."""
    metadata = message.response_metadata
    thinking = message.additional_kwargs.get("reasoning_content") or ""
    text, reasoning = split_thinking(str(message.content), thinking, thinking_style)
    return Choice(
        text=text,
        reasoning=reasoning,
        finish=metadata.get("finish_reason") or "",
        logprob_sum=metadata.get("logprob_sum"),
        logprob_count=metadata.get("logprob_count", 0),
    )


def _nobody_listens(callbacks: "Callbacks") -> bool:
    """Whether no callback, tracer or cache is there; outside of a graph only LangChain can tell."""
    from langchain_core.callbacks import BaseCallbackManager
    from langchain_core.globals import get_llm_cache

    if not isinstance(callbacks, BaseCallbackManager) or get_llm_cache() is not None:
        return False
    return not callbacks.handlers and not callbacks.inheritable_handlers
