"""Tables of commands whose output goes into a pipe or a log."""

import pytest
from typer.testing import CliRunner

from smacs.cli.console import WIDTH, for_tables
from smacs.cli.main import app


@pytest.mark.parametrize(("columns", "width"), [(None, WIDTH), ("60", WIDTH), ("200", 200), ("wide", WIDTH)])
def test_without_a_terminal_there_is_room_for_a_table_and_more_where_asked_for(
    monkeypatch: pytest.MonkeyPatch, columns: str | None, width: int
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    assert (for_tables().width, for_tables(stderr=True).width) == (width, width)


def test_a_plan_in_a_log_names_every_llm_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    said = CliRunner().invoke(app, ["models", "plan", "--pool", "paper", "--gpus", "8x80G"]).stderr
    assert "Llama-3.3-Nemotron-Super-49B-v1" in said
    assert "weights GB" in said
    assert "…" not in said
