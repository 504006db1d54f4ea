"""Requests that no client means to send, as hypothesis strategies."""

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from starlette.types import Scope

from smacs.nodes.shared.settings import Settings
from smacs.server.chat_request import UNSUPPORTED, ChatRequest, Extension
from tests.server.asgi import Call

WRONG_KEY = "sk-smacs-" + "wrong" * 8
JSON = (b"content-type", b"application/json")
VALID: dict[str, Any] = {"model": "llm-0", "messages": [{"role": "user", "content": "How many legs has a spider?"}]}
# A short one that is valid ends in a 504, as it should.
DEADLINES: st.SearchStrategy[Any] = st.sampled_from([0, -1, -0.0, 1e308, 10**400, "5", None, True, [], {}])

Fields = list[tuple[bytes, bytes]]


@dataclass
class Wild(Call):
    """A request with any header fields and query, as uvicorn would hand it on."""

    fields: Fields = field(default_factory=list)
    query: bytes = b""

    @property
    def scope(self) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": self.query,
            "headers": self.fields,
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8000),
        }


@dataclass(frozen=True)
class Drawn:
    """What a strategy draws: all of a request but the application and its key."""

    chunks: tuple[bytes, ...] = (b"",)
    fields: tuple[tuple[bytes, bytes], ...] = (JSON,)
    method: str = "POST"
    path: str = "/v1/chat/completions"
    query: bytes = b""


def encoded(value: Any) -> bytes:
    """As JSON; NaN, halves of surrogate pairs and numbers of any size included."""
    return json.dumps(value).encode()


def anything() -> st.SearchStrategy[Any]:
    """Any JSON value, and some that JSON does not have."""
    text = st.text(st.characters(), max_size=20)  # surrogates, too
    numbers = st.integers() | st.floats() | st.sampled_from([10**19, -(10**19), 10**400, 1e308])
    leaves = st.none() | st.booleans() | numbers | text
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
    )


@st.composite
def bodies(draw: st.DrawFn) -> Drawn:
    """A body that would do, with a few fields replaced by anything."""
    body = json.loads(json.dumps(VALID))
    for target in draw(st.lists(st.sampled_from(["body", "message", "smacs", "settings"]), min_size=1, max_size=3)):
        name = draw(st.sampled_from(NAMES[target]) | st.text(max_size=8))
        value = draw(DEADLINES if name == "deadline" else anything())
        _part(body, target)[name] = value
    return Drawn((encoded(body),))


NAMES = {
    "body": [*ChatRequest.model_fields, *UNSUPPORTED],
    "message": ["role", "content", "name", "tool_calls", "audio"],
    "smacs": list(Extension.model_fields),
    "settings": list(Settings.model_fields),
}


def _part(body: dict[str, Any], target: str) -> dict[str, Any]:
    """The object that a field is put into; a new one where something else has taken its place."""
    match target:
        case "message":
            message: dict[str, Any] = {"role": "user", "content": "How many legs has a fly?"}
            body["messages"] = [message]
            return message
        case "smacs":
            return _object(body, "smacs")
        case "settings":
            return _object(_object(body, "smacs"), "settings")
        case _:
            return body


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(body.get(name), dict):
        body[name] = {}
    found: dict[str, Any] = body[name]
    return found


@st.composite
def raw(draw: st.DrawFn) -> Drawn:
    """A body of any bytes in any pieces: JSON of the wrong shape, JSON that is cut off, no JSON."""
    whole = draw(st.binary(max_size=60) | anything().map(encoded) | st.just(encoded(VALID)))
    whole = whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole
    whole = draw(st.sampled_from([b"", b"[", b'{"a":'])) * draw(st.integers(0, 3000)) + whole
    cut = draw(st.integers(0, len(whole)))
    return Drawn((whole[:cut], whole[cut:]))


@st.composite
def headers(draw: st.DrawFn) -> Drawn:
    """Header fields of any value, some of them twice, and keys where none belongs."""
    value = st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\0"))
    odd = st.sampled_from([b"Bearer " + WRONG_KEY.encode(), WRONG_KEY.encode(), b"Bearer", b"9" * 400, b"-1", b"NaN"])
    fields = draw(st.lists(st.tuples(st.sampled_from(HEADERS), odd | value), max_size=6))
    body = draw(st.sampled_from([encoded(VALID), b"", b"{"]))
    return Drawn((body,), tuple(fields), method=draw(st.sampled_from(["POST", "GET", "PUT"])))


HEADERS = [
    b"authorization",
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"transfer-encoding",
    b"expect",
    b"host",
    b"origin",
    b"cookie",
    b"accept",
    b"range",
    b"if-none-match",
    b"if-modified-since",
    b"traceparent",
    b"tracestate",
    b"x-request-id",
    b"x-api-key",
    b"x-forwarded-for",
]


@st.composite
def addresses(draw: st.DrawFn) -> Drawn:
    """Any method at any path, near those there are."""
    known = ["/", "/page/", "/page/../app.py", "/v1/models/", "/v1/", "/health", "/metrics", "/openapi.json"]
    path = draw(st.sampled_from(known)) + draw(st.text(max_size=12) | st.just(WRONG_KEY))
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"]))
    return Drawn(fields=(), method=method, path=path, query=draw(st.binary(max_size=20)) + WRONG_KEY.encode())
