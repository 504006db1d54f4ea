"""What a server says when it refuses, and the `Failure` that names the LLM, the endpoint and the remedy.

What the server said comes first, on one line. A guess at the remedy follows, and only where it does not contradict what
the server said. No message repeats a request or a header. Whatever looks like a key, and the key that was sent, are
replaced by stars in all of them.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
import openai
import orjson
from aiohttp import ClientPayloadError, ClientResponseError

from smacs.errors import PoolError
from smacs.pool.calls.replies import Failure, FailureKind

LONGEST = 300  # characters of a server's words that a message shows
READ = 1 << 16  # bytes of a refusal that are read

_ERRORS: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
}
_KEYS = ("message", "error", "detail", "msg", "error_description", "errors", "title", "reason")  # where words stand
_OVERFLOW = re.compile(
    r"context.{0,3}(?:length|size|window|limit)|maximum context|exceed.{0,30}context"  # OpenAI, llama.cpp, Ollama
    r"|context the overflows|greater than the context"  # LM Studio
    r"|maximum (?:(?:allowed|model|prompt|input|sequence) ){0,2}length|longer than the .{0,8}model"  # vLLM, SGLang
    r"|max_(?:seq|model|input)_len|max_num_tokens|session_?len|exceeded model token limit|exceed the total tokens limit"
    r"|`?inputs`? (?:tokens \+|must have less)|max_new_tokens`? must be"  # TGI, Together
    r"|too many (?:input |prompt )?tokens|token count.{0,40}exceed|exceeds? the maximum (?:number|amount) of tokens"
    r"|(?:prompt|input|messages?)(?: tokens?| length)?(?: is| are)? (?:too long|too large|longer than)"
    r"|reduce the length|reduce your (?:message|prompt)|too large for model with|range of input length"
    r"|input or output tokens must be reduced|length.{0,20} exceeds|greater than max_",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"unsupported|unrecogni[sz]ed|unknown|unexpected|not (?:permitted|supported)|extra ", re.IGNORECASE
)
_TPM = re.compile(r"reduce (?:the|your)|must be reduced|context", re.IGNORECASE)  # 429: too large at any time
_SPENT = re.compile(r"quota|billing|credits?\b|\bbalance\b|payment", re.IGNORECASE)
_SOON = re.compile(r"per (?:second|minute|hour)|retry|again|rate.?limit", re.IGNORECASE)
_BRIEFLY = re.compile(
    r"rate.?limit|too many requests|overload|capacity|unavailable|time[sd]?.?out|try again|loading|internal|upstream"
    r"|busy|resource.?exhausted",
    re.IGNORECASE,
)
_NAMED = {  # error types and codes that stand for a status
    "rate_limit": 429,
    "resource_exhausted": 429,
    "insufficient_quota": 429,
    "too_many_requests": 429,
    "overloaded": 503,
    "unavailable": 503,
    "server_error": 500,
    "internal": 500,
    "api_error": 500,
    "timeout": 504,
    "authentication": 401,
    "unauthenticated": 401,
    "invalid_api_key": 401,
    "permission": 403,
    "not_found": 404,
}
_SECRETS = (
    re.compile(r"(?<=://)[^/\s@]{1,300}@"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[^\s\"',;]{6,}"),
    re.compile(
        r"(?i)\b(?:sk|pk|rk|gsk|hf|xai|nvapi|key|csk|fw|pplx|tgp|r8|ghp|glpat)[-_][\w\-.*]{6,}|\bAIza[\w\-]{10,}"
    ),
    re.compile(
        r"(?i)\b(?:api[-_ ]?key|x-api-key|access[-_ ]?token|client[-_ ]?secret|password|authorization)"
        r"[\"']?\s?[:=]\s?[\"']?[^\s\"',;&]{4,}"
    ),
)
_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_TAG = re.compile(r"(<[^<>]*>)")
_UNSEEN = re.compile(r"(?i)<(/?)(script|style|svg|noscript)\b")
_TITLE = re.compile(r"(?i)<title[^<>]{0,200}>([^<]{0,200})")
_KEY = re.compile(r"\bkeys?\b|api.?key|token\b(?!s)|credential|authenti|authori[sz]|log.?in", re.IGNORECASE)
_MODEL = re.compile(r"model|deployment", re.IGNORECASE)
_LOADING = re.compile(r"loading|warming|starting|not ready", re.IGNORECASE)
_BUSY = re.compile(r"rate|too many|concurren|overload|capacity|busy|requests|slots?\b|queue|limit", re.IGNORECASE)


class Unreadable(msgspec.DecodeError):
    """A reply that holds no completion; the text says what it is and what may help."""


def failure_of(error: Exception, *, llm: str, endpoint: str, seconds: float, key_env: str | None) -> Failure:
    """The failure record of an exception raised by a call."""
    kind, text = explain(error, key_env)
    message = clean(f"{llm} at {endpoint}: {text}", os.environ.get(key_env or ""))
    return Failure(llm, kind, message, seconds, getattr(error, "status_code", None))


def explain(error: Exception, key_env: str | None) -> tuple[FailureKind, str]:
    """The kind, and the text for people; a key that a server repeated may still be in it (see `clean`)."""
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


def said(body: Any) -> str:
    """The words in the body of a refusal (bytes, text or decoded JSON) on one line, cut; "" if there are none."""
    if isinstance(body, bytes):
        body = decoded(body)
    if isinstance(body, str) and re.match(r"(?i)\s*<(?:!doctype|html|head|body|\?xml)", body):
        body = _page(body)
    return cut(_words(body))


def decoded(body: bytes) -> Any:
    """The body as JSON if it is JSON, else as text."""
    try:
        return orjson.loads(body[:READ])
    except ValueError:
        return body[:READ].decode(errors="replace")


def cut(text: str, longest: int = LONGEST) -> str:
    """Somebody else's text on one line, without what could control a terminal."""
    line = _INVISIBLE.sub(" ", text[: 20 * longest]).strip()
    return line if len(line) <= longest else line[: longest - 3] + "..."


def clean(text: str, key: str | None = None) -> str:
    """The text with stars in place of keys and credentials: of `key` itself, and of all that looks like one."""
    if key and len(key) >= 4:
        text = text.replace(key, "***")
    for secret in _SECRETS:
        text = secret.sub(lambda found: "***@" if found[0].endswith("@") else "***", text)
    return text


def overflows(status: int, words: str) -> bool:
    """Whether a refusal means that the prompt is longer than the window."""
    if status in (401, 403, 404) or (status == 429 and not _TPM.search(words)):
        return False
    return bool(_OVERFLOW.search(words)) and not _UNKNOWN.search(words)


def spent(words: str) -> bool:
    """Whether they say that an account is used up, so that waiting does not help."""
    return bool(_SPENT.search(words)) and not _SOON.search(words)


def status_error(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> openai.APIStatusError:
    """The openai client's own error for a status; its `body` is what `said` reads."""
    return _status_error(status, decoded(body), f"HTTP {status}", body, headers or {})


def error_inside(body: Any) -> openai.APIStatusError:
    """The same for an error in a reply whose own status is 200: the code that it names or means."""
    body = _only(body)
    status = status_of(body["error"] if isinstance(body, dict) and body.get("error") else body)
    return _status_error(status, body, f"error {status} in a reply of status 200", orjson.dumps(body), {})


def _status_error(status: int, body: Any, where: str, raw: bytes, headers: Mapping[str, str]) -> openai.APIStatusError:
    kept = {name: value for name, value in headers.items() if name.lower() in ("location", "retry-after")}
    request = httpx2.Request("POST", "http://endpoint/")
    response = httpx2.Response(status, headers=kept, content=raw, request=request)
    body = _only(body)
    inner = body.get("error") if isinstance(body, dict) else None
    kind = _ERRORS.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)
    return kind(where, response=response, body=inner if isinstance(inner, dict) else body)


def _only(body: Any) -> Any:
    """The error in a list of one, as Gemini sends it."""
    return body[0] if isinstance(body, list) and len(body) == 1 else body


def status_of(error: Any) -> int:
    """The HTTP status that an error inside a reply stands for: its code, its type's name, or what its words mean."""
    for name in ("code", "status", "status_code", "type"):
        value = error.get(name) if isinstance(error, dict) else None
        number = int(value) if isinstance(value, int | str) and re.fullmatch(r"[45]\d\d", str(value)) else None
        known = [code for word, code in _NAMED.items() if isinstance(value, str) and word in value.lower()]
        if number or known:
            return number or known[0]
    words = said(error)
    if overflows(400, words):
        return 400
    return 503 if _BRIEFLY.search(words) else 400


def _words(body: Any, depth: int = 4) -> str:
    """The first message in it, followed by the provider's own words."""
    if isinstance(body, list) and body and depth:
        return "; ".join(filter(None, (_words(item, depth - 1) for item in body[:3])))
    if not isinstance(body, dict) or not depth:
        return body if isinstance(body, str) else ""
    main = next(filter(None, (_words(body.get(name), depth - 1) for name in _KEYS)), "")
    about = body.get("metadata")
    behind = _words(about.get("raw"), depth - 1) if isinstance(about, dict) else ""
    return f"{main}: {behind}" if main and behind else main or behind


def _page(text: str) -> str:
    """A page of HTML, as a firewall or a proxy sends it: its title and what one would read first."""
    title, shown, unseen = _TITLE.search(text), list[str](), False
    for piece in _TAG.split(text[:READ]):
        if hidden := _UNSEEN.match(piece):
            unseen = not hidden[1]
        elif not unseen and not piece.startswith("<"):
            shown.append(piece.strip())
    read = " ".join(filter(None, shown))
    heading = title[1].strip() if title else ""
    return f"a page of HTML: {heading or read}" + (f" ({read.removeprefix(heading).strip()})" if heading else "")
