"""How one request ended, as its client sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

ANSWERS = ("answer", "degraded")
CLEAN = (*ANSWERS, "busy", "unavailable", "hung up")  # "hung up": by the client, as it meant to
UNEXPECTED = "The server failed in an unexpected way"
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kind` is one of `CLEAN`, or what was wrong in a few words; `start` is on the event loop's clock, in seconds."""

    kind: str
    start: float
    seconds: float

    @property
    def end(self) -> float:
        """When it ended."""
        return self.start + self.seconds


def judge(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The kind of a reply that came whole."""
    try:
        if status == 200:
            streamed = headers.get("content-type", "").startswith("text/event-stream")
            return _stream(body) if streamed else _answer(orjson.loads(body))
        message = orjson.loads(body)["error"]["message"]
    except (ValueError, LookupError, TypeError):
        return f"{status} with a broken body"
    if status == 429:
        return "busy" if headers.get("retry-after", "").isdecimal() else "429 without Retry-After"
    return "unavailable" if status == 503 else f"{status}: {message[:80]}"


def _answer(reply: Any) -> str:
    return _kind(reply["choices"][0]["message"]["content"], reply["smacs"])


def _kind(text: str, about: Any) -> str:
    if not text:
        return "an empty answer"
    return "degraded" if about["degraded"] else "answer"


def _stream(body: bytes) -> str:
    if not body.endswith(DONE):
        return "a stream that broke off"
    lines = [line for line in body.removesuffix(DONE).split(b"\n\n") if line.startswith(b"data: ")]
    chunks = [orjson.loads(line.removeprefix(b"data: ")) for line in lines]
    if "error" in chunks[-1]:
        return _cut(chunks[-1]["error"])
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return _kind("".join(delta.get("content", "") for delta in deltas), chunks[-1]["smacs"])


def _cut(error: Any) -> str:
    """A stream has no status of its own: the same failures as without one, by their text and code."""
    if error["message"].startswith(UNEXPECTED):
        return "500 in a stream"
    return "504 in a stream" if "deadline" in (error["code"] or "") else "unavailable"
