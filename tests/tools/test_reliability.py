"""The kill harness: it finds nothing on a bank that was killed for real, and all that is broken on purpose."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from smacs.store.bank import QuestionBank
from smacs.store.index.chroma import ChromaFolder
from smacs.store.index.matrix import kept_vectors
from smacs.store.index.place import place_of
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.merge import merge
from smacs.store.records import Evaluation
from smacs.store.seal import seal
from tools.mock.process import MockServer
from tools.reliability import __main__ as reliability
from tools.reliability import material
from tools.reliability.checks import examine
from tools.reliability.damage import PHASES, Damage, Tally
from tools.reliability.operations import Evaluate, Import, Index, Reembed
from tools.reliability.process import Trial, Watched, kill_in, left_running

ALL = {f"q{i}" for i in range(material.ASKED)}


@pytest.fixture
def evaluated(tmp_path: Path, mock: MockServer) -> tuple[Evaluate, Path]:
    """A bank on which an evaluation has come to its end."""
    operation = Evaluate(mock)
    operation.make(tmp_path / "bank")
    bank = QuestionBank.open(tmp_path / "bank")
    with JsonlWriter(bank.evaluation_file(material.LLM), Evaluation) as writer:
        writer.append(Evaluation(question=q.id, correct=float(q.label == "1")) for q in bank.questions)
    return operation, bank.path


def kinds(damages: list[Damage]) -> dict[str, int]:
    return {damage.kind: damage.count for damage in damages}


def cells(bank: Path) -> Path:
    return bank / "evaluations" / "mock%2Fllm.jsonl"


def cut_a_line(bank: Path) -> None:
    lines = cells(bank).read_bytes().splitlines(keepends=True)
    cells(bank).write_bytes(b"".join(lines[:7] + lines[8:]))


def change_a_grade(bank: Path) -> None:
    cells(bank).write_text(cells(bank).read_text().replace('"q3","correct":0', '"q3","correct":1'))


def change_a_grade_on_purpose(bank: Path) -> None:
    change_a_grade(bank)
    seal(bank, accept_edits=True)


def add_a_line_twice(bank: Path) -> None:
    body = cells(bank).read_bytes()
    cells(bank).write_bytes(body + body.splitlines(keepends=True)[0])


def half_a_line_inside(bank: Path) -> None:
    body = cells(bank).read_bytes()
    cells(bank).write_bytes(b'{"question":"q1","corr\n' + body)


def half_a_line_at_the_end(bank: Path) -> None:
    with cells(bank).open("ab") as file:
        file.write(b'{"question":"q1","corr')


def half_a_manifest(bank: Path) -> None:
    (bank / "manifest.json").write_text('{"form')


def a_question_twice(bank: Path) -> None:
    with (bank / "questions.jsonl").open("a") as file:
        file.write('{"id":"other","text":"question 0:  how much is 0 - -1?"}\n')


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda bank: None, {}),
        (half_a_line_at_the_end, {}),  # what a kill may leave: the next writer cuts it off
        (cut_a_line, {"lost": 1}),
        (change_a_grade, {"unopenable": 1}),  # its checksum tells
        (change_a_grade_on_purpose, {"lost": 1}),
        (add_a_line_twice, {"duplicated": 1}),
        (a_question_twice, {"duplicated": 1}),
        (half_a_line_inside, {"unopenable": 1}),
        (half_a_manifest, {"unopenable": 1}),
    ],
)
def test_damage_to_an_evaluated_bank_is_seen(
    evaluated: tuple[Evaluate, Path], damage: Callable[[Path], None], expected: dict[str, int]
) -> None:
    operation, path = evaluated
    damage(path)
    damages, now = examine(operation, path, before=ALL, acknowledged=240)
    assert kinds(damages) == expected
    assert len(now) == {"lost": 239, "unopenable": 0}.get(next(iter(expected), ""), 240)


def test_what_was_acknowledged_must_be_there(evaluated: tuple[Evaluate, Path]) -> None:
    operation, path = evaluated
    cut_a_line(path)
    assert kinds(examine(operation, path, before=set(), acknowledged=240)[0]) == {"lost": 1}
    assert kinds(examine(operation, path, before=set(), acknowledged=239)[0]) == {}


def test_what_is_asked_again_is_seen(evaluated: tuple[Evaluate, Path], mock: MockServer) -> None:
    operation, path = evaluated

    def ask(i: int) -> None:
        text = material.questions(i + 1)[i].text
        body = {"model": material.LLM, "messages": [{"role": "user", "content": text}]}
        httpx2.post(f"{mock.url}/chat/completions", json=body).raise_for_status()

    operation.begin()
    ask(3)
    assert kinds(examine(operation, path, before=ALL - {"q3"}, acknowledged=0)[0]) == {}
    assert examine(operation, path, before=ALL, acknowledged=0)[0] == [Damage("asked again", 1, "q3")]
    ask(3)
    assert examine(operation, path, before=set(), acknowledged=0)[0] == [Damage("asked again", 1, "q3")]


def test_damage_to_an_import_is_seen(tmp_path: Path, mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "IMPORTED", 20)
    operation = Import(mock)
    operation.make(tmp_path / "bank")
    bank = QuestionBank.open(tmp_path / "bank")
    assert examine(operation, bank.path, set(), 0) == ([], set())
    merge(bank, material.found())
    damages, now = examine(operation, bank.path, set(), 20)
    assert (damages, len(now)) == ([], 20)
    given = VectorFile(bank.path, bank.manifest.embedder)
    body = given.file.read_bytes()
    record = len(body) // 20
    given.file.write_bytes(body + body[:record])
    assert kinds(examine(operation, bank.path, now, 20)[0]) == {"duplicated": 1}
    given.file.write_bytes(body[: 5 * record] + body[6 * record :])
    assert kinds(examine(operation, bank.path, now, 20)[0]) == {"lost": 1}
    given.file.write_bytes(body[:-1] + b"?")
    assert kinds(examine(operation, bank.path, now, 20)[0]) == {"unopenable": 1}


@pytest.mark.slow
def test_damage_to_an_index_is_seen(tmp_path: Path, mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "EMBEDDED", 30)
    operation = Reembed(mock)
    operation.make(tmp_path / "bank")
    bank = QuestionBank.open(tmp_path / "bank")
    operation.begin()
    assert examine(operation, bank.path, set(), 0) == ([], set())
    old = Index(mock)
    assert examine(old, bank.path, {"q2"}, 30)[0] == []
    chroma = ChromaFolder(place_of(bank.path, bank.manifest))
    chroma._collection(0).delete(ids=["q2", "q7"])
    chroma.close()
    assert kinds(examine(old, bank.path, {"q2"}, 30)[0]) == {"lost": 2}
    assert kinds(examine(operation, bank.path, set(), 0)[0]) == {"lost": 2}  # the bank's own embedder is still the old
    kept = kept_vectors(place_of(bank.path, bank.manifest), bank.manifest.embedder)
    hashes = [content_hash(bank.manifest.embedder, bank.questions[i].text) for i in (2, 7)]
    kept.append(hashes, asyncio.run(bank.load(None)).matrix[[2, 7]])
    assert examine(old, bank.path, {"q2"}, 30)[0] == []
    (bank.path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    assert kinds(examine(old, bank.path, {"q2"}, 30)[0]) == {"lost": 28}


TALKS = """
import sys, time
print("open\\n1 2", flush=True)
time.sleep(60)
"""


def test_a_kill_hits_the_phase_it_is_meant_for() -> None:
    for phase in ("start-up", "writing"):
        watched = Watched([sys.executable, "-c", TALKS])
        assert kill_in(watched, phase, {}, random.Random(0)) == -signal.SIGKILL
        assert watched.phase == phase
        assert watched.said() == ""


def test_a_run_that_ends_before_its_phase_is_not_killed() -> None:
    watched = Watched([sys.executable, "-c", "print('open')\nraise ValueError('five')"])
    assert kill_in(watched, "writing", {}, random.Random(0)) == 1
    assert watched.phase == "opening"
    assert watched.said().endswith("ValueError: five")


def test_what_outlives_a_kill_is_found(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print(flush=True)\nimport time\ntime.sleep(60)", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [found.pid for found in left_running(tmp_path, wait=0)] == [process.pid]
        assert left_running(tmp_path / "other", wait=0) == []
        process.kill()


class Liar(Trial):
    """Its program says that all is safe, and has done nothing."""

    program = "print('open'); print('240 240')"

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program]


class Failing(Liar):
    program = "raise OSError('no')"


def test_a_program_that_lies_or_fails_is_caught(tmp_path: Path, mock: MockServer) -> None:
    tally = Liar(Evaluate(mock), tmp_path, random.Random(0)).run(0, print)
    assert (tally.runs, tally.count("lost")) == (2, 480)
    failing = Failing(Evaluate(mock), tmp_path, random.Random(0)).run(0, print)
    assert (failing.runs, failing.count("unopenable")) == (0, 2)
    assert "OSError: no" in failing.damages[0].where


@pytest.mark.slow
def test_damage_is_printed_written_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = dict.fromkeys(PHASES, 2)
    tallies = {
        "index": Tally("index", kills),
        "evaluate": Tally("evaluate", kills, damages=[Damage("lost", 3, "here"), Damage("lost", 4, "there")]),
    }
    monkeypatch.setattr(reliability, "killed", lambda name, *_: tallies[name])
    file = tmp_path / "kills.json"
    assert reliability.main(["--only", "index"]) == 0
    assert reliability.main(["--only", "index", "--only", "evaluate", "--json", str(file)]) == 1
    assert "evaluate: lost: there" in capsys.readouterr().out
    written = {operation["operation"]: operation for operation in json.loads(file.read_text())["operations"]}
    assert (written["evaluate"]["lost"], written["index"]["lost"]) == (7, 0)
    assert written["evaluate"]["kills"]["finishing"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "kills"), [("evaluate", 3), ("import", 3), ("index", 2), ("reembed", 1)])
def test_nothing_is_lost_to_real_kills(tmp_path: Path, operation: str, kills: int) -> None:
    file = tmp_path / "kills.json"
    assert reliability.main(["--kills", str(kills), "--only", operation, "--json", str(file)]) == 0
    (figures,) = json.loads(file.read_text())["operations"]
    assert sum(figures["kills"].values()) == kills
    assert figures["runs"] >= 2  # the first, which is measured, and the last
