"""Calls that somebody else makes, such as a batch engine: the request's body, and the reply from its body.

Both are what `LLM.call` sends and reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from smacs.pool.calls.dialect import Dialect
from smacs.pool.calls.generate import call_options, reply_of
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.calls.words import clean
from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Message, led_by


def request_body(
    name: str, spec: LLMSpec, messages: Sequence[Message], sampling: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of a request to /v1/chat/completions; `sampling` holds where the pool file says nothing."""
    options = call_options(spec, n=1, logprobs=False, seed=None, sampling=sampling)
    plain = {"model": spec.model or name, "messages": led_by(spec.system, messages), **options}
    body = Dialect(name, spec).put({**plain, "extra_body": spec.extra_body})
    extra: dict[str, Any] = body.pop("extra_body", {})
    return body | extra


def read_body(name: str, spec: LLMSpec, body: bytes) -> Reply | Failure:
    """The reply that a body holds, its thinking split off."""
    import openai

    from smacs.pool.calls.chat import chat_result
    from smacs.pool.calls.failures import explain

    try:
        result = chat_result(body)
    except (msgspec.DecodeError, openai.APIStatusError) as error:
        kind, text = explain(error, spec.api_key_env)
        return Failure(name, kind, clean(f"{name} in the batch: {text}"), 0.0)
    usage = (result.llm_output or {}).get("token_usage") or {}
    return reply_of(name, spec, result.generations, usage, 0.0)
