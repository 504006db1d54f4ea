"""Traces from JSON: what is one, and what is said of that which is none."""

from collections.abc import Callable
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.graph.trace import datum, read_trace
from smacs.nodes.shared.remarks import remark


@pytest.fixture
def trace() -> dict[str, Any]:
    """A router's run."""
    return {
        "system": "simple_router",
        "asked": {"question": "Q?", "task": "open", "system": "", "history": [], "dataset": ""},
        "settings": {"k": 1},
        "answer": "A",
        "priors": {"llm-0": 1.0},
        "references": [],
        "subsets": [],
        "candidates": [],
        "selected": {"candidate": None, "llm": "llm-0", "finish": "stop"},
        "notes": [remark("route", "llm-0 is best on law", "llm-0", dataset="law")],
        "degraded": [],
        "usage": {"calls": 1},
    }


def test_the_trace_of_a_chat_completion_is_one(trace: dict[str, Any]) -> None:
    assert read_trace({"choices": [], "smacs": {"trace": trace, "degraded": []}}) == read_trace(trace)


def test_remarks_are_found_by_kind_and_llm(trace: dict[str, Any]) -> None:
    read = read_trace(trace)
    assert read.remarks("route") == read.remarks("route", "llm-0") == trace["notes"]
    assert read.remarks("route", "llm-1") == read.remarks("votes") == []
    assert datum(trace["notes"][0], "dataset") == "law"
    with pytest.raises(InputError, match=r"a remark of kind 'route' without `data.votes`"):
        datum(trace["notes"][0], "votes")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda trace: trace.pop("asked"), "does not hold its question"),
        (lambda trace: trace.pop("usage"), "missing required field `usage`"),
        (lambda trace: trace.update(priors=3), r"Expected `object`, got `int` - at `\$.priors`"),
        (lambda trace: trace.update(system="x"), "The trace is of 'x': expected one of smacs"),
        (lambda trace: trace.update(notes=3), r"Expected `array`, got `int` - at `\$.notes`"),
        (lambda trace: trace["notes"][0].update(kind="x"), r"Invalid enum value 'x' - at `\$.notes"),
        (lambda trace: trace["notes"][0].update(data={"skills": 3}), r"Expected `array`, got `int` - at `\$.notes"),
    ],
)
def test_what_is_no_trace_is_said(trace: dict[str, Any], change: Callable[[dict[str, Any]], Any], told: str) -> None:
    change(trace)
    with pytest.raises(InputError, match=told):
        read_trace(trace)


@pytest.mark.parametrize("name", ["notes", "degraded"])
def test_a_trace_whose_remarks_are_sentences_alone_is_refused(trace: dict[str, Any], name: str) -> None:
    """As they were before remarks had kinds; one that has none of them can be read."""
    assert read_trace({**trace, "notes": [], "degraded": []}).answer == "A"
    with pytest.raises(InputError, match="This trace cannot be replayed: its `notes` or `degraded` hold sentences"):
        read_trace({**trace, name: ["only 2 of 3 references arrived"]})
