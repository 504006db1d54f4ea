"""A trace that was kept, as JSON: what a run returned, from which it can be replayed.

It is what `smacs ask --json` prints, what the server returns as `smacs.trace`, or the state that a graph returns.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

import msgspec

from smacs.errors import InputError
from smacs.graph.systems import systems
from smacs.nodes.shared.records import Candidate, Reference
from smacs.nodes.shared.remarks import Kind, Remark
from smacs.pool.calls.replies import Failure, FailureKind


class RecordedQuestion(msgspec.Struct, frozen=True):
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


class RecordedChoice(msgspec.Struct, frozen=True):
    """What was chosen: a candidate's position, None for a reference, and the LLM that wrote it."""

    candidate: int | None
    llm: str


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a trace that a replay needs; others are left aside."""

    asked: RecordedQuestion
    settings: dict[str, Any]
    answer: str
    priors: dict[str, float]
    references: list[Reference]
    subsets: list[list[str]]
    candidates: list[Candidate]
    selected: RecordedChoice
    notes: list[Remark]
    degraded: list[Remark]
    usage: dict[str, int]
    system: str = "smacs"

    def remarks(self, kind: Kind, llm: str | None = None) -> list[Remark]:
        """The remarks of a kind, those about one LLM if it is given."""
        every = (*self.degraded, *self.notes)
        return [said for said in every if said["kind"] == kind and llm in (None, said["llm"])]


def read_trace(data: Any) -> Trace:
    """A trace from decoded JSON, also within a chat completion. Raises InputError where something is missing."""
    if isinstance(data, Mapping) and isinstance(data.get("smacs"), Mapping):
        data = data["smacs"].get("trace", data)
    if not isinstance(data, Mapping):
        raise InputError(f"Expected a trace, the JSON of `smacs ask --json`, got {type(data).__name__}.")
    if "answer" in data and "asked" not in data:
        raise InputError("This trace does not hold its question: it was written before traces could be replayed.")
    _check_remarks(data)
    try:
        trace = msgspec.convert(data, Trace)
    except msgspec.ValidationError as error:
        raise InputError(f"Expected a trace, the JSON of `smacs ask --json`: {error}.") from error
    if trace.system not in systems():
        raise InputError(f"The trace is of {trace.system!r}: expected one of {', '.join(systems())}.")
    return trace


def _check_remarks(data: Mapping[str, Any]) -> None:
    """Raise InputError for remarks that are sentences alone: what they say cannot be relied on."""
    lists = [data[name] for name in ("notes", "degraded") if isinstance(data.get(name), Iterable)]
    if any(isinstance(said, str) for remarks in lists for said in remarks):
        raise InputError(
            "This trace cannot be replayed: its `notes` or `degraded` hold sentences, as SMACS once wrote them, where "
            "objects with `kind`, `llm` and `text` are expected. Ask its question anew with `smacs ask --json`."
        )


def datum(said: Remark, name: str) -> Any:
    """What a remark says of `name`. Raises InputError where it says nothing."""
    data: Mapping[str, Any] = said.get("data", {})
    if name not in data:
        raise InputError(
            f"The trace has a remark of kind {said['kind']!r} without `data.{name}`, which a replay needs."
        )
    return data[name]


def remarked_failure(llm: str, said: Remark) -> Failure:
    """The failed call that a remark is about."""
    return Failure(llm, datum(said, "failure"), datum(said, "message"), 0.0)


def recorded_failure(llm: str, error: str, seconds: float) -> Failure:
    """The failed call that a reference's `error` tells as `kind: message`."""
    kind, _, message = error.partition(": ")
    known = kind if kind in get_args(FailureKind) else "garbage"
    return Failure(llm, cast(FailureKind, known), message, seconds)
