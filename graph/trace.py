"""A trace that was kept, as JSON: what a run returned, from which it can be replayed.

It is what `smacs ask --json` prints, what the server returns as `smacs.trace`, or the state that a graph returns.
"""

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

import msgspec

from smacs.errors import InputError
from smacs.graph.systems import systems
from smacs.nodes.shared.records import Candidate, Reference
from smacs.pool.calls.replies import Failure, FailureKind

_SHORT = re.compile(r"only \d+ of \d+ references arrived")


class Asked(msgspec.Struct, frozen=True):
    """The question as it was read."""

    question: str
    task: str
    system: str
    history: list[dict[str, str]]
    dataset: str

    @property
    def input(self) -> dict[str, Any]:
        """What a graph is given to read the same."""
        turns = [*self.history, {"role": "user", "content": self.question}]
        return {"messages": turns, "task": self.task, "system": self.system, "dataset": self.dataset}


class Selected(msgspec.Struct, frozen=True):
    """What was chosen: a candidate's position, None for a reference, and the LLM that wrote it."""

    candidate: int | None
    llm: str


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a trace that a replay needs; others are left aside."""

    asked: Asked
    settings: dict[str, Any]
    answer: str
    priors: dict[str, float]
    references: list[Reference]
    subsets: list[list[str]]
    candidates: list[Candidate]
    selected: Selected
    notes: list[str]
    degraded: list[str]
    usage: dict[str, int]
    system: str = "smacs"

    def reasons(self, llm: str, prefix: str) -> list[str]:
        """What `degraded` says of an LLM after `prefix`: `kind: message`, or a text that begins with its name."""
        said = [reason.removeprefix(prefix) for reason in self.degraded if reason.startswith(prefix)]
        own = (f"{llm} ", f"{llm}:")
        return [text for text in said if text.startswith(own) or text.partition(": ")[2].startswith(own)]

    @property
    def short(self) -> bool:
        """Whether fewer references arrived than were asked for."""
        return any(_SHORT.fullmatch(reason) for reason in self.degraded)


def read_trace(data: Any) -> Trace:
    """A trace from decoded JSON, also within a chat completion. Raises InputError where something is missing."""
    if isinstance(data, Mapping) and isinstance(data.get("smacs"), Mapping):
        data = data["smacs"].get("trace", data)
    if not isinstance(data, Mapping):
        raise InputError(f"Expected a trace, the JSON of `smacs ask --json`, got {type(data).__name__}.")
    if "answer" in data and "asked" not in data:
        raise InputError("This trace does not hold its question: it was written before traces could be replayed.")
    try:
        trace = msgspec.convert(data, Trace)
    except msgspec.ValidationError as error:
        raise InputError(f"Expected a trace, the JSON of `smacs ask --json`: {error}.") from error
    if trace.system not in systems():
        raise InputError(f"The trace is of {trace.system!r}: expected one of {', '.join(systems())}.")
    return trace


def failure_from(llm: str, reason: str, seconds: float = 0.0) -> Failure:
    """The failure that a trace tells as `kind: message`."""
    kind, _, message = reason.partition(": ")
    known = kind if kind in get_args(FailureKind) else "garbage"
    return Failure(llm, cast(FailureKind, known), message, seconds)
