"""From an exception of an LLM call to a `Failure` that names the LLM, the endpoint and the remedy.

What a server said stands first, a guess at the remedy after it, and only where the words do not speak against it. No
message repeats a request or a header, and keys are stars in all of them.
"""

import os
import re

import msgspec
import openai
from aiohttp import ClientPayloadError, ClientResponseError

from smacs.errors import PoolError
from smacs.pool.calls.completion import Unreadable
from smacs.pool.calls.replies import Failure, FailureKind
from smacs.pool.calls.words import clean, cut, overflows, said, spent

_KEY = re.compile(r"\bkeys?\b|api.?key|token\b(?!s)|credential|authenti|authori[sz]|log.?in", re.IGNORECASE)
_MODEL = re.compile(r"model|deployment", re.IGNORECASE)
_LOADING = re.compile(r"loading|warming|starting|not ready", re.IGNORECASE)
_BUSY = re.compile(r"rate|too many|concurren|overload|capacity|busy|requests|slots?\b|queue|limit", re.IGNORECASE)


def failure_of(error: Exception, *, llm: str, endpoint: str, seconds: float, key_env: str | None) -> Failure:
    """The failure record of an exception raised by a call."""
    kind, text = explain(error, key_env)
    message = clean(f"{llm} at {endpoint}: {text}", os.environ.get(key_env or ""))
    return Failure(llm, kind, message, seconds, getattr(error, "status_code", None))


def explain(error: Exception, key_env: str | None) -> tuple[FailureKind, str]:
    """The kind, and what is to be said; a key that a server repeated may still be in it (see `clean`)."""
    if isinstance(error, PoolError):
        return "rejected", str(error)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return "late", "no reply within the deadline; raise `deadline` in the pool file or look at the server's load"
    if isinstance(error, openai.APIConnectionError):
        return "unreachable", _explain_connection(error)
    if isinstance(error, openai.APIStatusError):
        kind, text, hint = _explain_status(error, key_env)
        return kind, f"{text}; {hint}" if hint else text
    if isinstance(error, Unreadable):
        return "garbage", str(error)
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError | openai.APIResponseValidationError):
        return "garbage", "the reply is no chat completion; is this an OpenAI-compatible endpoint (ending in /v1)?"
    return "garbage", f"unexpected {type(error).__name__}; is this an OpenAI-compatible endpoint (ending in /v1)?"


def _explain_status(error: openai.APIStatusError, key_env: str | None) -> tuple[FailureKind, str, str]:
    """The kind, the status with the server's words, and a hint where one helps."""
    status, words = error.status_code, said(error.body)
    where = error.message if error.message.startswith("error ") else f"HTTP {status}"
    text = f"{where}: {words}" if words else where
    if overflows(status, f"{words} {error.code or ''}"):
        return "overflow", f"{where}, the prompt is longer than its context window: {words}", ""
    if 300 <= status < 400:
        return "rejected", *_explain_redirect(error, where)
    if status == 429:
        return "overloaded", text, _hint_at_limits(words)
    if status in (408, 409) or status >= 500:
        return "overloaded", text, _hint_at_server(words)
    return "rejected", text, _hint_at_refusal(status, words, key_env)


def _explain_redirect(error: openai.APIStatusError, where: str) -> tuple[str, str]:
    location = error.response.headers.get("location", "")
    if not location:
        return where, "check `endpoint` in the pool file"
    address = cut(location)
    hint = "nothing is sent on to another address: if it is the right one, name it in `endpoint` in the pool file"
    return f"{where}, it redirects to {address}", hint


def _hint_at_limits(words: str) -> str:
    if spent(words):
        return ""  # they say it all, and fewer calls at once are no remedy
    return "lower `in_flight` in the pool file" if not words or _BUSY.search(words) else ""


def _hint_at_server(words: str) -> str:
    if _LOADING.search(words):
        return "wait until its server has loaded the model"
    if words and _BUSY.search(words):
        return "lower `in_flight` in the pool file or look at the server's log"
    return "look at the server's log"


def _hint_at_refusal(status: int, words: str, key_env: str | None) -> str:
    if status == 401 or (status == 403 and (not words or _KEY.search(words))):
        right = (
            f"is the key in {key_env} the right one?" if key_env else "name the variable of its key in `api_key_env`"
        )
        return f"the key was refused: {right}" if key_env else f"it wants a key: {right} in the pool file"
    if status == 403:
        return "check `model` in the pool file" if _MODEL.search(words) else ""
    if status in (404, 405):
        return "check `endpoint` and `model` in the pool file"
    if status in (402, 413, 451) or spent(words):
        return ""
    return "check `model`, `sampling` and `extra_body` in the pool file"


def _explain_connection(error: openai.APIConnectionError) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    words = str(cause).removeprefix("400, message:").strip()  # aiohttp's own number for a reply that is no HTTP
    text = cut(f"{type(cause).__name__}: {words}" if words else type(cause).__name__, 160)
    broken = error.__cause__
    if isinstance(broken, ClientPayloadError | ClientResponseError):
        return f"the reply broke off or is no HTTP ({text}); look at the server's log"
    return f"no connection ({text}); is the server up? (`smacs models status`)"
