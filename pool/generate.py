"""One call of a LangChain chat model: what is asked for, the call itself, and what comes back.

Inside a graph where nobody listens LangChain's callback machinery is bypassed: it costs more than all the rest.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Message
from smacs.pool.replies import Choice, Failure, Reply
from smacs.pool.thinking import split_thinking

if TYPE_CHECKING:
    from langchain_core.callbacks import Callbacks
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGeneration

    from smacs.pool.chat import FastChatOpenAI


def call_options(
    spec: LLMSpec,
    *,
    n: int,
    logprobs: bool,
    seed: int | None,
    sampling: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The request's parameters; the LLM's own sampling wins. A penalty of 0 is none, and some refuse its name."""
    options = {**(sampling or {}), **spec.sampling.model_dump(exclude_none=True)}
    for penalty in ("presence_penalty", "frequency_penalty"):
        if options.get(penalty) == 0:
            del options[penalty]
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


def reply_of(
    name: str, spec: LLMSpec, generations: Sequence["ChatGeneration"], usage: Mapping[str, Any], seconds: float
) -> Reply | Failure:
    """The generations of one call as a `Reply`; a `Failure` where none has any text."""
    if not generations:
        return Failure(name, "garbage", f"{name}: a reply without choices", seconds)
    choices = tuple(choice_of(generation.message, spec.thinking) for generation in generations)
    kept = tuple(choice for choice in choices if choice.text)
    counted = sum(choice.logprob_count for choice in choices)  # llama.cpp's usage counts one choice of the n
    prompt, completion = max(usage.get("prompt_tokens", 0), 0), max(usage.get("completion_tokens", 0), counted)
    if not kept:
        text = f"{name} at {', '.join(spec.urls) or 'this machine'}: an empty reply; "
        text += "is `max_tokens` too small for its thinking?"
        return Failure(name, "empty", text, seconds, spent=prompt + completion)
    return Reply(name, kept, prompt, completion, seconds)


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
    """Whether no callback, tracer or cache is there; what the environment asks for counts."""
    from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager
    from langchain_core.globals import get_llm_cache

    if get_llm_cache() is not None:
        return False
    manager = callbacks if isinstance(callbacks, BaseCallbackManager) else AsyncCallbackManager.configure(callbacks)
    return not manager.handlers and not manager.inheritable_handlers
