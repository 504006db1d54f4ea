"""`smacs ask --html`: one run as a file that holds all it needs, whatever the LLMs wrote."""

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from smacs.cli.main import app
from smacs.errors import InputError
from smacs.server.page.files import STATIC
from smacs.server.page.single import bundle, json_for_html, render, write_page
from smacs.store.bank import QuestionBank
from tests.support.remarks import texts
from tools.mock.process import MockServer

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</SCRIPT ><img src=x onerror=alert(1)>",
    "<!-- <script> -->",
    "]]>&lt;/script&gt;",
    "\u202eright to left\u202c \u2066isolated\u2069 \u2028 \u2029 \x00 \x7f",
    "שלום، مرحبا",
    '"); alert(1); //',
    "$policy ${run} $$",
    "x" * 1_000_000,
]


class Parsed(HTMLParser):
    """What an HTML parser finds: the contents of scripts and styles, and the tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag in ("script", "style"):
            self.raw.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in ("script", "style"):
            attributes, before = self.raw[-1]
            self.raw[-1] = (attributes, before + data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def a_run(text: str) -> dict[str, Any]:
    reference = {"llm": text[:99], "sample": 0, "rank": 0, "prior": 1.0, "text": text, "reasoning": text, "tokens": 1}
    references = [{**reference, "seconds": 0.5, "error": None}]
    asked = {"question": text, "task": "open"}
    return {"system": text[:99], "asked": asked, "answer": text, "references": references, "degraded": [text]}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_hostile_stays_data(text: str) -> None:
    run = a_run(text)
    plain, page = Parsed(render(a_run("harmless"))), Parsed(render(run))
    assert page.tags == plain.tags
    assert page.comments == []
    (_, style), (_, theme), (data, body), (_, script) = page.raw
    assert data == {"type": "application/json", "id": "run"}
    assert json.loads(body) == run
    assert not re.search("[<>&\u2028\u2029]", body)
    assert [style, theme, script] == [plain.raw[i][1] for i in (0, 1, 3)]


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert json.loads(json_for_html({"question": text}))["question"] == text


def test_only_its_own_texts_may_run() -> None:
    page = Parsed(render(a_run("a")))
    policy = next(str(has["content"]) for has in page.attributes if has.get("http-equiv"))
    (_, style), (_, theme), _, (_, script) = page.raw
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == f"{digest(theme)} {digest(script)}"
    assert allowed["style-src"] == digest(style)
    assert "connect-src" not in allowed
    assert "'unsafe-inline'" not in policy


def digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_modules_are_one_script_each_once() -> None:
    script = bundle(STATIC / "single.js")
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    assert script.count("function h(tag") == 1
    made = re.findall(r"^const ((?:module|part)_\w+) = ", script, re.MULTILINE)
    assert len(made) == len(set(made)) == 17
    for used in re.findall(r"= ((?:module|part)_\w+);", script):
        assert script.index(f"const {used} = (") < script.index(f"= {used};")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        write_page(tmp_path, a_run("a"))


def test_a_folder_that_does_not_exist_is_said_before_anything_is_asked(mock: MockServer, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ask", "Why?", "--html", str(tmp_path / "none" / "run.html")])
    assert isinstance(done.exception, InputError)
    assert "expected a file in a folder that exists" in str(done.exception)
    assert mock.stats().total.requests == 0


def test_ask_writes_the_page_of_its_run(mock: MockServer, bank: QuestionBank, tmp_path: Path) -> None:
    for name in ("llm-0", "llm-2"):
        mock.set(name, text="</script>Eight legs.")
    mock.set("llm-1", fault="500")
    pool, file = tmp_path / "pool.toml", tmp_path / "run.html"
    llms = "".join(f'[llms.llm-{i}]\nendpoint = "{mock.url}"\nretries = 0\n' for i in range(3))
    embedder = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"\n'
    pool.write_text(f'aggregators = ["llm-0"]\n{embedder}{llms}')
    options = ["--pool", str(pool), "--bank", str(bank.path), "--k", "2", "--n", "3", "--task", "math", "--quiet"]
    done = CliRunner().invoke(app, ["ask", "How many?", *options, "--html", str(file)])
    assert done.exception is None
    assert done.stdout == "</script>Eight legs.\n"
    run = json.loads(Parsed(file.read_text("utf-8")).raw[2][1])
    assert (run["system"], run["asked"]["question"], run["asked"]["task"]) == ("smacs", "How many?", "math")
    assert (run["settings"]["k"], run["settings"]["n"]) == (2, 3)
    assert run["answer"] == "</script>Eight legs."
    assert [record["error"] is None for record in run["references"]] == [True, False, True]
    assert len(run["candidates"]) == 3
    assert "llm-1" in texts(run["degraded"])[0]
    assert run["seconds"] > 0
