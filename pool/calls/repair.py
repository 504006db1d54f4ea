"""Turns bodies that are almost JSON into JSON.

A byte order mark, NaN, half a surrogate pair, another encoding, the events of a stream that nobody asked for: all are
mended. Every step is linear in the length of the body.
"""

import codecs
import json
import re
from typing import Any

import msgspec

# Both match at every place where they are tried, at the end too: what fails at each would be tried from all others.
_LITERAL = re.compile(  # all up to a literal that JSON does not have, strings taken whole
    rb'((?:[^"NnIi+-]++|"(?:[^"\\]++|\\.)*+(?:"|\Z)|(?![+-]?(?:NaN|nan|Infinity|inf\b))[NnIi+-]|\\\Z)*+)'
    rb"([+-]?(?:NaN|nan|Infinity|inf\b)|\Z)",
    re.DOTALL,
)
_HALF = re.compile(  # all up to half a surrogate pair
    rb"((?:[^\\]++|\\\\|\\[^u\\]|\\u(?![dD][89a-fA-F])|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\\Z)*+)(\\u[dD][89a-fA-F][0-9a-fA-F]{0,2}|\Z)",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_EVENT = re.compile(rb"\s*+(?:(?:|event|id|retry):[^\n]*+\n\s*+)*+data:")


def repaired(body: bytes) -> bytes:
    """The body in UTF-8, without a mark or half surrogate pairs; NaN and infinities become texts."""
    body = utf8(body)
    if _EVENT.match(body[:65536]):
        body = _joined(body)
    if _SURROGATE.search(body):
        body = _HALF.sub(lambda found: found[1] + (b"\\ufffd" if found[2] else b""), body)
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if b"N" in body or b"n" in body:
            body = _LITERAL.sub(lambda found: found[1] + (b'"%b"' % found[2] if found[2] else b""), body)
    except RecursionError:
        pass
    return body


def utf8(body: bytes, charset: str | None = None) -> bytes:
    """The same text in UTF-8; if it is not UTF-8, it is read as `charset`, or as its byte order mark says."""
    body = body.removeprefix(codecs.BOM_UTF8)
    told = json.detect_encoding(body[:4]) if len(body) > 1 else "utf-8"
    if not told.startswith("utf-8"):
        return body.decode(told, "replace").encode()
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(_known(charset), "replace").encode(errors="replace")
    return body


def _known(charset: str | None) -> str:
    """The charset where Python can read texts in it, else UTF-8."""
    try:
        b"".decode(charset or "utf-8")
    except LookupError:  # unknown, or no encoding of texts
        return "utf-8"
    return charset or "utf-8"


class _Delta(msgspec.Struct):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Piece(msgspec.Struct):
    index: Any = 0
    delta: _Delta | None = None
    finish_reason: Any = None
    logprobs: Any = None
    error: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Piece] | None = None
    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None


_chunk = msgspec.json.Decoder(_Chunk)


def _joined(body: bytes) -> bytes:
    """The completion that the events of a stream add up to; other lines are skipped."""
    choices: dict[int, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    for line in body.splitlines():
        data = line.removeprefix(b"data:").strip()
        if not line.startswith(b"data:") or data == b"[DONE]":
            continue
        try:
            chunk = _chunk.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        told = {"id": chunk.id, "model": chunk.model, "usage": chunk.usage, "error": chunk.error}
        top |= {name: value for name, value in told.items() if value is not None}
        for piece in chunk.choices or []:
            index = piece.index if type(piece.index) is int else 0
            _add(choices.setdefault(index, {"index": index, "content": [], "thinking": [], "tokens": []}), piece)
    return msgspec.json.encode(top | {"choices": list(map(_whole, choices.values()))})


def _add(choice: dict[str, Any], piece: _Piece) -> None:
    delta = piece.delta or _Delta()
    for name, value in (("content", delta.content), ("thinking", delta.reasoning_content or delta.reasoning)):
        choice[name] += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    for name in ("finish_reason", "error"):
        if (value := getattr(piece, name)) is not None:
            choice[name] = value
    if isinstance(piece.logprobs, dict) and isinstance(piece.logprobs.get("content"), list):
        choice["tokens"] += piece.logprobs["content"]


def _whole(choice: dict[str, Any]) -> dict[str, Any]:
    message = {"content": _one(choice.pop("content")), "reasoning_content": _one(choice.pop("thinking"))}
    tokens = choice.pop("tokens")
    return choice | {"message": message} | ({"logprobs": {"content": tokens}} if tokens else {})


def _one(pieces: list[Any]) -> str | list[Any]:
    return "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else pieces
