"""From an exception of an LLM call to a `Failure` that names the LLM, the endpoint and the remedy.

No message repeats a request, a header or an environment variable's value: a key cannot leak through it.
"""

import re

import msgspec
import openai

from smacs.pool.errors import PoolError
from smacs.pool.replies import Failure, FailureKind

_OVERFLOW = re.compile(r"context (length|size|window)|maximum context|exceed.{0,20}context|too many tokens", re.I)


def failure_of(error: Exception, *, llm: str, endpoint: str, seconds: float, key_env: str | None) -> Failure:
    """The failure record of an exception raised by a call."""
    kind, text = _explain(error, key_env)
    return Failure(llm, kind, f"{llm} at {endpoint}: {text}", seconds, getattr(error, "status_code", None))


def _explain(error: Exception, key_env: str | None) -> tuple[FailureKind, str]:
    if isinstance(error, PoolError):
        return "rejected", str(error)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return "late", "no reply within the deadline; raise `deadline` in the pool file or look at the server's load"
    if isinstance(error, openai.APIConnectionError):
        return "unreachable", f"no connection ({_cause(error)}); is the server up? (`smacs models status`)"
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, key_env)
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError | openai.APIResponseValidationError):
        return "garbage", "the reply is no chat completion; is this an OpenAI-compatible endpoint (ending in /v1)?"
    return "garbage", f"unexpected {type(error).__name__}; is this an OpenAI-compatible endpoint (ending in /v1)?"


def _explain_status(error: openai.APIStatusError, key_env: str | None) -> tuple[FailureKind, str]:
    status, said = error.status_code, _said(error)
    if status in (400, 413, 422) and _OVERFLOW.search(said):
        return "overflow", f"HTTP {status}, the prompt is longer than its context window: {said}"
    if status in (401, 403):
        return "rejected", f"HTTP {status}, the key was refused; set {key_env or '`api_key_env` in the pool file'}"
    if status == 404:
        return "rejected", f"HTTP 404: {said}; check `endpoint` and `model` in the pool file"
    if status == 429 or status >= 500:
        return "overloaded", f"HTTP {status} after the retries; lower `in_flight` or look at the server's log"
    return "rejected", f"HTTP {status}: {said}; check `model`, `sampling` and `extra_body` in the pool file"


def _said(error: openai.APIStatusError) -> str:
    """The server's own message, on one line, cut, without anything that looks like a key."""
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("error") or body
    text = re.sub(r"\s+", " ", str(body or error.response.reason_phrase))
    return re.sub(r"\b(sk-|Bearer )\S+", r"\1***", text)[:200]


def _cause(error: openai.APIConnectionError) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return f"{type(cause).__name__}: {cause}"[:120] if str(cause) else type(cause).__name__
