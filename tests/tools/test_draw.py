"""The drawing of the graph in the README."""

import re
from pathlib import Path

import pytest

from tools.draw import main, mermaid

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter bank is copied to the cache folder: here, one of the test's own."""
    monkeypatch.setenv("SMACS_HOME", str(tmp_path / "home"))


def test_the_readme_shows_the_graph_as_it_is() -> None:
    blocks = re.findall(r"^```mermaid\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks == [mermaid()], "run `make docs`"


def test_the_drawing_goes_from_the_question_to_the_answer() -> None:
    head, *edges = mermaid().splitlines()
    assert head == "graph LR;"
    assert sorted(edge.strip() for edge in edges) == [
        "__start__ --> retrieve;",
        "aggregator --> hybrid_score;",
        "hybrid_score --> select;",
        "prior_drop -.-> aggregator;",
        "prior_drop -.-> select;",  # no reference, nothing to aggregate
        "prior_score -.-> referencer;",
        "referencer --> prior_drop;",
        "retrieve --> prior_score;",
        "select --> __end__;",
    ]


def test_only_the_first_drawing_of_a_file_is_replaced(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Before\n\n```mermaid\nold\n```\n\nAfter\n\n```mermaid\nanother\n```\n")
    main(readme)
    assert readme.read_text() == f"Before\n\n```mermaid\n{mermaid()}```\n\nAfter\n\n```mermaid\nanother\n```\n"
