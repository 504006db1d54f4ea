"""`smacs bank create` as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.cli.bank.sources import SourceOptions, read_sources
from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(mock: MockServer, tmp_path: Path) -> Run:
    """Run `smacs bank create` in a pool whose embedder is the mock's: exit code, stdout, stderr."""
    pool = f'aggregators = ["one"]\n[embedder]\nkind = "openai"\nmodel = "mock"\nendpoint = "{mock.url}"\n'
    (tmp_path / "pool.toml").write_text(f'{pool}[llms.one]\nendpoint = "{mock.url}"\n')

    def go(*arguments: str) -> tuple[int, str, str]:
        command = ["create", str(tmp_path / "bank"), "--pool", str(tmp_path / "pool.toml"), *arguments]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
        return result.exit_code, result.stdout, " ".join(result.stderr.split())

    return go


def test_a_bank_from_two_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        'frage,a,b,c,d,loesung,fach\n"Which, please?",x,y,z,w,C,zoo\nWhich?,x,y,z,w,A,zoo\n'
    )
    (tmp_path / "sums.jsonl").write_text('{"problem": "1 + 1?", "answer": 2}\n{"problem": "1 + 1?", "answer": 2}\n')
    (tmp_path / "test.jsonl").write_text('{"problem": "1+2?"}\n')
    report = tmp_path / "report.json"
    code, out, err = run(
        *("--from", str(tmp_path / "own.csv"), "--from", f"easy={tmp_path / 'sums.jsonl'}"),
        *("--map", "own:text=frage", "--map", "own:label=loesung", "--map", "own:subject=fach"),
        *("--set", "own:dataset=animals", "--exclude", str(tmp_path / "test.jsonl"), "--report", str(report)),
    )
    assert code == 0
    assert out == f"3 questions\t{tmp_path / 'bank'}\n"
    questions = QuestionBank.open(tmp_path / "bank").questions
    assert [(q.text, q.label, q.dataset, q.subject) for q in questions] == [
        ("Which, please?\n(A) x\n(B) y\n(C) z\n(D) w", "C", "animals", "zoo"),
        ("Which?\n(A) x\n(B) y\n(C) z\n(D) w", "A", "animals", "zoo"),
        ("1 + 1?", "2", "easy", ""),
    ]
    assert "own: text='{frage}\\n{options}', label='loesung', subject='fach', grader 'choice' (found)" in err
    assert "easy: text='{problem}' (found), label='answer' (found), grader 'number' (found)" in err
    assert "easy: 1 questions out of 2 rows" in err
    assert "left out: 1 duplicates" in err
    found = json.loads(report.read_text())
    assert (found["questions"], found["threshold"], len(found["duplicates"])) == (3, 0.9, 1)


def test_a_template_with_a_typed_newline(run: Run, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"p": "Text.", "question": "1 + 1?", "answer": 2}\n')
    assert run("--from", str(tmp_path / "q.jsonl"), "--map", r"text={p}\n{question}", "--set", "grader=math")[0] == 0
    [question] = QuestionBank.open(tmp_path / "bank").questions
    assert (question.text, question.grader, question.task) == ("Text.\n1 + 1?", "math", "math")


def test_broken_rows_stop_it_unless_told_otherwise(run: Run, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "1 + 1?", "answer": 2}\n{"question": "2 + 2?"}\nno json\n')
    with pytest.raises(InputError, match=r"(?s)2 rows cannot become questions.*line 2: the label.*line 3: is not JSON"):
        run("--from", str(tmp_path / "q.jsonl"))
    assert not (tmp_path / "bank").exists()
    code, out, err = run("--from", str(tmp_path / "q.jsonl"), "--skip-invalid")
    assert (code, out.split("\t")[0]) == (0, "1 questions")
    assert "left out: 2 rows that are no question" in err


def test_options_that_name_a_source() -> None:
    told = SourceOptions(
        columns=["text=q", "b:text=problem", "id=n-{n}"],
        constants=["a:task=math"],
        limit=["10", "a:5"],
        split=["train[:10]", "t:test"],
        seed=3,
    )
    [a, b], [t] = read_sources(["x/a.jsonl", "b=owner/data"], ["t=owner/test"], told)
    assert (a.name, a.where, a.columns, a.limit) == ("a", "x/a.jsonl", {"text": "q", "id": "n-{n}"}, 5)
    assert (b.name, b.where, b.columns, b.limit) == ("b", "owner/data", {"text": "problem", "id": "n-{n}"}, 10)
    assert (a.constants, b.constants, a.split, a.seed) == ({"task": "math"}, {}, "train[:10]", 3)
    assert (t.columns["text"], t.split, t.limit, t.seed) == ("q", "test", None, None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "typo:text=q"], r"expected FIELD=VALUE, or SOURCE:FIELD=VALUE with a source out of q; got 'typo:"),
        (["--map", "text"], "--map: expected FIELD=VALUE"),
        (["--limit", "few"], "--limit: expected a number"),
    ],
)
def test_options_that_cannot_be_read(run: Run, tmp_path: Path, options: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run("--from", str(tmp_path / "q.jsonl"), *options)
