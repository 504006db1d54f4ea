"""One call of an LLM: the parameters of the request, the call itself, and the reply made of what comes back.

`generate` calls a LangChain chat model. Inside a graph where nobody listens LangChain's callback machinery is bypassed:
it costs more than all the rest. `request_body` and `read_body` are for calls that somebody else makes, such as a batch
engine; both are what `LLM.call` sends and reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import openai

from smacs.pool.calls.dialect import Dialect
from smacs.pool.calls.failures import clean, cut, explain
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.calls.thinking import split_thinking
from smacs.pool.calls.urls import shown
from smacs.pool.config import LLMSpec, Style
from smacs.pool.prompts import Message, led_by

if TYPE_CHECKING:
    from langchain_core.callbacks import Callbacks
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGeneration

    from smacs.pool.calls.chat import FastChatOpenAI

_ENDED = ("", "stop", "eos", "eos_token", "stop_sequence", "end_turn", "completed")  # by itself; "" where nobody says


def call_options(
    spec: LLMSpec,
    *,
    n: int,
    logprobs: bool,
    seed: int | None,
    sampling: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The request's parameters; the LLM's own sampling wins. A penalty of 0 is left out: some refuse its name."""
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


def _nobody_listens(callbacks: "Callbacks") -> bool:
    """Whether there is no callback, tracer or cache, also none that the environment asks for."""
    from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager
    from langchain_core.globals import get_llm_cache

    if get_llm_cache() is not None:
        return False
    manager = callbacks if isinstance(callbacks, BaseCallbackManager) else AsyncCallbackManager.configure(callbacks)
    return not manager.handlers and not manager.inheritable_handlers


def request_body(
    name: str, spec: LLMSpec, messages: Sequence[Message], sampling: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of a request to /v1/chat/completions; `sampling` holds where the pool file says nothing."""
    options = call_options(spec, n=1, logprobs=False, seed=None, sampling=sampling)
    plain = {"model": spec.model or name, "messages": led_by(spec.system, messages), **options}
    body = Dialect(name, spec).translate({**plain, "extra_body": spec.extra_body})
    extra: dict[str, Any] = body.pop("extra_body", {})
    return body | extra


def read_body(name: str, spec: LLMSpec, body: bytes) -> Reply | Failure:
    """The reply that a body holds, its thinking split off."""
    from smacs.pool.calls.chat import chat_result  # loads langchain_openai

    try:
        result = chat_result(body)
    except (msgspec.DecodeError, openai.APIStatusError) as error:
        kind, text = explain(error, spec.api_key_env)
        return Failure(name, kind, clean(f"{name} in the batch: {text}"), 0.0)
    usage = (result.llm_output or {}).get("token_usage") or {}
    return reply_of(name, spec, result.generations, usage, 0.0)


def reply_of(
    name: str, spec: LLMSpec, generations: Sequence["ChatGeneration"], usage: Mapping[str, Any], seconds: float
) -> Reply | Failure:
    """The generations of one call as a `Reply`; a `Failure` if none has any text."""
    where = f"{name} at {', '.join(map(shown, spec.urls)) or 'this machine'}"
    if not generations:
        return Failure(name, "garbage", clean(f"{where}: a reply without choices"), seconds)
    messages = [generation.message for generation in generations]
    choices = tuple(choice_of(message, spec.thinking) for message in messages)
    notes = [note for message in messages for note in message.response_metadata.get("left_out", ())]
    if not any(choice.text for choice in choices):
        choices = tuple(map(_answer_in_thinking, choices, messages))
        notes.append("all its text came as reasoning, which is taken as the answer")
    kept = tuple(choice for choice in choices if choice.text)
    counted = sum(choice.logprob_count for choice in choices)  # llama.cpp's usage counts one choice of the n
    prompt, completion = max(usage.get("prompt_tokens", 0), 0), max(usage.get("completion_tokens", 0), counted)
    if not kept:
        text = clean(f"{where}: {_why_empty(choices[0], messages[0])}")
        return Failure(name, "empty", text, seconds, spent=prompt + completion)
    said = tuple(clean(f"{name}: {note}") for note in notes)
    return Reply(name, kept, prompt, completion, seconds, notes=said)


def choice_of(message: "BaseMessage", thinking_style: Style) -> Choice:
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


def _answer_in_thinking(choice: Choice, message: "BaseMessage") -> Choice:
    """The reasoning field as the answer, where the LLM ended by itself and said nothing else: its server's parser takes
    for thinking what is none."""
    said = message.additional_kwargs.get("reasoning_content") or ""
    if choice.finish.lower() not in _ENDED or str(message.content).strip() or message.additional_kwargs.get("refusal"):
        return choice
    text, reasoning = split_thinking(said)
    return replace(choice, text=text, reasoning=reasoning)


def _why_empty(choice: Choice, message: "BaseMessage") -> str:
    """What came in place of an answer, and what helps."""
    finish = choice.finish.lower()
    if refusal := message.additional_kwargs.get("refusal"):
        return f"it refused to answer: {cut(refusal)}"
    if finish in ("length", "max_tokens"):
        return (
            "nothing but thinking until the limit; raise `max_tokens`"
            if choice.reasoning
            else (
                "an empty reply that reached its limit of tokens; raise `max_tokens`, which its thinking counts against"
            )
        )
    if finish in ("tool_calls", "function_call", "tool_use"):
        return "it called a tool in place of an answer, though it was given none; does `extra_body` name tools?"
    if finish in ("content_filter", "safety", "blocklist", "prohibited_content"):
        return "its server's content filter held the answer back"
    ended = f" (finish_reason {cut(finish, 40)})" if finish else ""
    if choice.reasoning:
        return f"nothing but thinking{ended}; is `thinking` in the pool file what its server does?"
    return f"an empty reply{ended}; do its chat template and `stop` fit the model?"
