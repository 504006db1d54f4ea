"""Control characters of LLMs, files and endpoints are shown, not obeyed, wherever text is printed."""

import json
import os
import pty
import subprocess
import sys
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from smacs.bench.report.page import _environment
from smacs.cli.console import Console
from smacs.store.bank import QuestionBank
from smacs.visible import one_line, visible
from tools.mock.process import MockServer

HOSTILE = (
    "\x1b[2J\x1b]0;pwned\x07\x1b[31mHELLO\x1b]8;;http://evil\x07link\x1b]8;;\x07 \x9b31m "
    "\u202eevil\u2066\r\x08 [bold]b[/bold]"
)
OBEYED = "\x1b\x07\x9b\u202e\u2066\r\x08"


def test_what_is_obeyed_is_written_out() -> None:
    assert visible("\x1b[31m\x07\x9b\x7f\x00") == r"\x1b[31m\x07\x9b\x7f\x00"
    assert visible("\u202e\u2066\u2028\ud800\U000e0041") == r"\u202e\u2066\u2028\ud800\U000e0041"
    assert visible("a\tb\r\nc\rd\n") == "a\tb\nc\\x0dd\n"
    assert one_line("a\nb\tc\x1b") == r"a\nb\tc\x1b"


def test_text_of_any_language_stays_as_it_is() -> None:
    text = "Grüße, 你好, שלום\u200f, नमस्ते, 👩‍🔬\n\tx"
    assert visible(text) == text


@given(st.text())
def test_nothing_that_is_obeyed_is_left_and_twice_is_once(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert {char for char in shown if unicodedata.category(char) in ("Cc", "Cs")} <= {"\n", "\t"}
    assert "\n" not in one_line(text)


def test_a_console_shows_what_others_wrote_however_it_gets_there() -> None:
    file = StringIO()
    console = Console(file=file, force_terminal=True, width=200, color_system=None, highlight=False)
    table = Table(escape(HOSTILE), title="t")
    table.add_row(escape(HOSTILE), Text(HOSTILE))
    console.print(table)
    console.print(escape(HOSTILE), soft_wrap=True)
    console.print(Text(HOSTILE))
    said = file.getvalue()
    assert not set(OBEYED) & set(said)
    assert said.count(r"\x1b[2J") == 5
    assert "[bold]b[/bold]" in said
    rows = [line for line in said.splitlines() if line.startswith("│")]
    assert len({len(line) for line in rows}) == 1


def test_styles_of_our_own_still_work() -> None:
    file = StringIO()
    Console(file=file, force_terminal=True, color_system="standard").print("[red]x[/]")
    assert file.getvalue() == "\x1b[31mx\x1b[0m\n"


@pytest.mark.parametrize("template", ["{{ text | md }}", "{{ text }}"])
def test_reports_show_it_too(template: str) -> None:
    said = _environment().from_string(template).render(text=HOSTILE)
    assert not set(OBEYED) & set(said)


@pytest.mark.slow
def test_an_answer_is_shown_on_a_terminal_and_in_a_pipe_and_whole_in_json(
    mock: MockServer, bank: QuestionBank, tmp_path: Path
) -> None:
    mock.set("ansi", text=HOSTILE)
    table = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"'
    (tmp_path / "pool.toml").write_text(f'aggregators = ["ansi"]\n[llms.ansi]\nendpoint = "{mock.url}"\n{table}\n')
    command = [sys.executable, "-m", "smacs", "ask", "hi", "--pool", "pool.toml", "--bank", str(bank.path)]
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    piped = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert piped.stdout.decode() == f"{visible(HOSTILE)}\n"  # it may end on a terminal all the same: `... | tee`
    assert not set(OBEYED) & set(piped.stderr.decode())
    whole = subprocess.run([*command, "--json"], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert json.loads(whole.stdout)["answer"] == HOSTILE.strip()
    shown = on_a_terminal(command, tmp_path, environment).replace("\r\n", "\n")
    assert not set(OBEYED) & set(shown)
    assert shown.count(visible(HOSTILE)) >= 1


def on_a_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return b"".join(parts).decode()
