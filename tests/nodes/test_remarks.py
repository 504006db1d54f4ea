"""Remarks: the kinds are a closed list, each with its meaning."""

import ast
from pathlib import Path
from typing import get_args

from smacs.nodes.shared.remarks import DEGRADED, NOTES, Kind, each_once, remark

ROOMS = ("nodes", "graph")
MAKERS = ("remark", "remark_failure")


def made() -> set[str]:
    """The kinds that the nodes and the graph make remarks of."""
    files = [file for room in ROOMS for file in (Path(__file__).parents[2] / room).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    firsts = [call.args[0] for call in calls if getattr(call.func, "id", "") in MAKERS]
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def test_every_kind_has_one_meaning_and_somebody_who_makes_it() -> None:
    assert set(get_args(Kind)) == {*DEGRADED, *NOTES} == made()
    assert not DEGRADED.keys() & NOTES.keys()


def test_every_kind_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
    for kind, meaning in {**DEGRADED, **NOTES}.items():
        assert f"| `{kind}` | {meaning} |" in text


def test_a_remark_is_easy_to_print() -> None:
    assert remark("no_support", "the support is the whole bank") == {
        "kind": "no_support",
        "llm": None,
        "text": "the support is the whole bank",
    }
    said = remark("votes", "3 of 8 replies answer B", votes=3, replies=8, answer="B")
    assert said.get("data") == {"votes": 3, "replies": 8, "answer": "B"}


def test_each_is_kept_once_in_order() -> None:
    first, second = remark("endpoint", "a", "llm-0"), remark("endpoint", "a", "llm-1")
    assert each_once([first, second, remark("endpoint", "a", "llm-0")]) == [first, second]
