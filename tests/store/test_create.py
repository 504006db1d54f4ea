"""From files to a bank: what is taken, what is left out, and that nothing is half done."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from smacs.errors import BankError, EmbedderDownError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.create.create import Created, create_bank
from smacs.store.create.sources import Source
from smacs.store.io.jsonl import read_jsonl
from smacs.store.records import Question

Write = Callable[..., str]


class Planned:
    """Gives each text the vector that the test planned, else one that is like no other text's."""

    def __init__(self, plan: dict[str, list[float]], dimension: int | None = 8) -> None:
        self.spec = EmbedderSpec(model="planned", dimension=dimension, document_template="D: {text}")
        self.plan = plan
        self.seen: list[str] = []

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> npt.NDArray[np.float32]:
        assert not query
        self.seen += texts
        rows = np.zeros((len(texts), 8), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[: len(self.plan.get(text, [0, 0, 1]))] = self.plan.get(text, [0, 0, 1])
        return rows

    async def aclose(self) -> None: ...


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write questions with labels as JSON Lines; returns the path."""

    def write(name: str, *items: tuple[str, Any]) -> str:
        file = tmp_path / name
        file.write_text("".join(json.dumps({"question": text, "answer": label}) + "\n" for text, label in items))
        return str(file)

    return write


def many(count: int) -> list[tuple[str, Any]]:
    return [(f"What is {i} + 0?", i) for i in range(count)]


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def make(tmp_path: Path, *sources: Source, **options: Any) -> Created:
    return await create_bank(tmp_path / "bank", sources, **{"embedder": Planned({}), **options})


async def test_several_sources_become_one_bank(tmp_path: Path, write: Write) -> None:
    one = Source(where=write("one.jsonl", ("What is 1 + 1?", 2), ("What is 2 + 2?", 4)))
    two = Source(where=write("two.jsonl", ("what  is 1 + 1?", 2), ("What is 3 + 3?", 6)), name="threes")
    made = await make(tmp_path, one, two)
    found = [(question.text, question.label, question.dataset) for question in made.bank.questions]
    assert found == [("What is 1 + 1?", "2", "one"), ("What is 2 + 2?", "4", "one"), ("What is 3 + 3?", "6", "threes")]
    assert made.bank.embedder.document_template == "D: {text}"
    assert [(line.rows, line.questions) for line in made.report.sources] == [(2, 2), (2, 1)]
    assert str(made.report.duplicates[0].place).endswith("two.jsonl, line 1")
    assert list_names(tmp_path) == ["bank", "one.jsonl", "two.jsonl"]


async def test_two_sources_of_one_name(tmp_path: Path, write: Write) -> None:
    source = Source(where=write("one.jsonl", *many(2)))
    with pytest.raises(InputError, match=r"Two sources are called 'one'\. Give .*one\.jsonl a name: NAME="):
        await make(tmp_path, source, source)


async def test_all_problems_are_listed_and_nothing_is_written(tmp_path: Path, write: Write) -> None:
    rows = [(f"What is {i}?", "abc" if i % 2 else i) for i in range(50)]
    source = Source(where=write("bad.jsonl", *rows), constants={"grader": "number"})
    report = tmp_path / "out" / "report.json"
    with pytest.raises(InputError) as error:
        await make(tmp_path, source, report_file=report)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("25 rows cannot become questions; nothing was written.")
    assert lines[1].endswith("bad.jsonl, line 2: " + lines[1].split("line 2: ")[1])
    assert "expected a number as a string" in lines[1]
    assert lines[21] == "  ... and 5 more"
    assert len(lines) == 22
    assert not (tmp_path / "bank").exists()
    assert len(json.loads(report.read_text())["problems"]) == 25
    made = await make(tmp_path, source, skip_invalid=True)
    assert len(made.bank.questions) == 25
    assert len(made.report.problems) == 25


@pytest.mark.parametrize("limit", [1, 7, 20, 100])
async def test_limit_takes_the_first(tmp_path: Path, write: Write, limit: int) -> None:
    made = await make(tmp_path, Source(where=write("q.jsonl", *many(20)), limit=limit))
    assert [question.label for question in made.bank.questions] == [str(i) for i in range(min(limit, 20))]


async def test_a_seed_draws_the_same_questions_again(tmp_path: Path, write: Write) -> None:
    where = write("q.jsonl", *many(100))
    drawn = []
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        made = await create_bank(tmp_path / name, [Source(where=where, limit=10, seed=seed)], embedder=Planned({}))
        drawn.append([int(question.label) for question in made.bank.questions])
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0]) != list(range(10))


async def test_exact_and_near_leaks_are_left_out_and_the_others_keep_their_vectors(
    tmp_path: Path, write: Write
) -> None:
    plan = {
        "WHAT is 0 + 0?": [1.0, 0.0],
        "Tell me 0 + 1!": [0.95, 0.3122],  # cosine 0.95 with the first excluded one
        "What is 0 + 2?": [0.85, 0.5268],
        "the other excluded": [0.0, 1.0],
    }
    embedder = Planned(plan)
    exclude = tmp_path / "test.csv"
    exclude.write_text("question\nWHAT is 0 + 0?\nthe other excluded\nWhat is 0 + 0?\n")
    texts = [("What is 0 + 0?", 0), ("Tell me 0 + 1!", 1), ("What is 0 + 2?", 2), ("Unrelated", 3)]
    report_file = tmp_path / "report.json"
    made = await make(
        tmp_path,
        Source(where=write("q.jsonl", *texts)),
        embedder=embedder,
        exclude=[Source(where=str(exclude))],
        report_file=report_file,
    )
    assert [question.text for question in made.bank.questions] == ["What is 0 + 2?", "Unrelated"]
    leaks = json.loads(report_file.read_text())["leaks"]
    assert [(leak["kind"], leak["place"]["number"], leak["excluded"]["number"]) for leak in leaks] == [
        ("exact", 1, 2),
        ("near", 2, 2),
    ]
    assert leaks[1]["similarity"] == pytest.approx(0.95, abs=1e-3)
    before = len(embedder.seen)
    assert sorted(embedder.seen) == sorted({*plan, "Unrelated"})  # each once, and not what leaks exactly
    view = await made.bank.load(embedder)  # the vectors are there: nothing is embedded again
    assert len(embedder.seen) == before
    assert np.allclose(view.matrix[0, :2], [0.85, 0.5268], atol=1e-3)


async def test_a_limit_is_filled_up_where_some_leak(tmp_path: Path, write: Write) -> None:
    texts = many(10)
    embedder = Planned({text: [1.0] for text, _ in texts[:4]} | {"excluded": [1.0]})
    (tmp_path / "test.jsonl").write_text('{"question": "excluded"}\n')
    source = Source(where=write("q.jsonl", *texts), limit=3)
    made = await make(tmp_path, source, embedder=embedder, exclude=[Source(where=str(tmp_path / "test.jsonl"))])
    assert [question.label for question in made.bank.questions] == ["4", "5", "6"]
    assert len(made.report.leaks) == 4


async def test_an_exclusion_of_another_layout(tmp_path: Path, write: Write) -> None:
    (tmp_path / "own.csv").write_text("frage,antwort\n1 + 1?,2\n2 + 2?,4\n")
    mapping = {"text": "frage", "label": "antwort"}
    made = await make(
        tmp_path,
        Source(where=str(tmp_path / "own.csv"), columns=mapping),
        exclude=[Source(where=write("test.jsonl", ("1 + 1?", 2), ("1 + 1?", 2)), columns=mapping)],
        embedder=Planned({"2 + 2?": [1.0]}),
    )
    assert [question.text for question in made.bank.questions] == ["2 + 2?"]
    assert [(line.columns, line.questions) for line in made.report.excluded] == [("text='{question}'", 2)]


async def test_without_a_threshold_nothing_is_embedded(tmp_path: Path, write: Write) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "What is 0 + 0?"}\n')
    embedder = Planned({})
    exclude = [Source(where=str(tmp_path / "test.jsonl"))]
    source = Source(where=write("q.jsonl", *many(3)))
    made = await make(tmp_path, source, embedder=embedder, exclude=exclude, threshold=None)
    assert len(made.bank.questions) == 2
    assert embedder.seen == []
    assert not (made.bank.path / "vectors").exists()


async def test_an_excluded_row_that_cannot_be_read_is_an_error(tmp_path: Path, write: Write) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "a"}\n{"question": ""}\n')
    with pytest.raises(InputError, match=r"An excluded question cannot be read: .*test\.jsonl, line 2: the text is"):
        await make(
            tmp_path,
            Source(where=write("q.jsonl", *many(3))),
            exclude=[Source(where=str(tmp_path / "test.jsonl"))],
        )


async def test_when_all_are_left_out_no_bank_is_made(tmp_path: Path, write: Write) -> None:
    where = write("q.jsonl", *many(3))
    with pytest.raises(InputError, match=r"No question is left for .*left out: 3 excluded questions"):
        await make(tmp_path, Source(where=where), exclude=[Source(where=where, name="test")])
    assert not (tmp_path / "bank").exists()


async def test_an_embedder_that_fails_leaves_nothing(tmp_path: Path, write: Write) -> None:
    class Down(Planned):
        async def embed(self, texts: Sequence[str], *, query: bool = False) -> npt.NDArray[np.float32]:
            raise EmbedderDownError("down")

    where = write("q.jsonl", *many(3))
    (tmp_path / "test.jsonl").write_text('{"question": "other"}\n')
    before = list_names(tmp_path)
    with pytest.raises(EmbedderDownError):
        await make(
            tmp_path, Source(where=where), exclude=[Source(where=str(tmp_path / "test.jsonl"))], embedder=Down({})
        )
    assert list_names(tmp_path) == before


async def test_a_folder_that_is_not_empty_is_said_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "mine.txt").write_text("precious")
    with pytest.raises(BankError, match="is not empty"):
        await make(tmp_path, Source(where="none.jsonl"))
    assert (tmp_path / "bank" / "mine.txt").read_text() == "precious"


async def test_places_that_cannot_be_written(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").write_text("")
    source = Source(where=write("q.jsonl", *many(2)))
    with pytest.raises(BankError, match=r"file/bank cannot be written: .*Nothing was left there"):
        await create_bank(tmp_path / "file" / "bank", [source], embedder=Planned({}))
    with pytest.raises(InputError, match=r"The report .* cannot be written"):
        await make(tmp_path, source, report_file=tmp_path / "file" / "report.json")
    assert list_names(tmp_path) == ["file", "q.jsonl"]


async def test_the_dimension_is_asked_where_the_spec_does_not_say_it(tmp_path: Path, write: Write) -> None:
    made = await make(tmp_path, Source(where=write("q.jsonl", *many(2))), embedder=Planned({}, dimension=None))
    assert made.bank.embedder.dimension == 8


CHILD = """
import asyncio, sys
from pathlib import Path
import numpy as np
from smacs.pool.config import EmbedderSpec
from smacs.store.create.create import create_bank
from smacs.store.create.sources import Source

class Embedder:
    spec = EmbedderSpec(model="fake", dimension=64)
    async def embed(self, texts, *, query=False):
        rows = np.random.default_rng(len(texts)).standard_normal((len(texts), 64)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
    async def aclose(self): ...

def say(what, done, total):
    if done == total:
        print(what, flush=True)

where, exclude = (Source(where=str(Path(sys.argv[1]) / name)) for name in ("q.jsonl", "test.jsonl"))
asyncio.run(create_bank(sys.argv[2], [where], embedder=Embedder(), exclude=[exclude], on_progress=say))
print("done", flush=True)
"""


@pytest.mark.slow
def test_a_kill_leaves_all_or_nothing(tmp_path: Path, write: Write, script: Any) -> None:
    """Killed after each part of the work, and at moments within the last one, where the bank is written."""
    size = 20_000
    write("q.jsonl", *many(size))
    (tmp_path / "test.jsonl").write_text('{"question": "other"}\n')
    outcomes = set()
    moments = [("checking labels", 0.0), ("embedding the excluded", 0.0), ("done", 0.0)]
    moments += [("comparing questions", 0.2 * part) for part in range(4)]
    for number, (after, wait) in enumerate(moments):
        target = tmp_path / f"bank{number}"
        child = script(CHILD, str(tmp_path), str(target))
        while (line := child.stdout.readline().strip()) != after:
            assert line, child.stderr.read()
        with suppress(TimeoutExpired):
            child.wait(wait)
        child.kill()
        child.wait()
        outcomes.add(target.exists())
        if target.exists():
            assert len(QuestionBank.open(target).questions) == size
            assert len(list(read_jsonl(target / "questions.jsonl", Question))) == size
        else:
            assert script(CHILD, str(tmp_path), str(target)).wait() == 0
        assert list(tmp_path.glob(f".{target.name}-*")) == []  # what the killed one had begun is swept away
    assert outcomes == {True, False}


@pytest.mark.slow
async def test_near_duplicates_by_the_real_embedder(tmp_path: Path) -> None:
    """MiniLM: another wording and other wrong options are found, another question of the same subject is kept."""
    from smacs.pool.embed import make_embedder
    from smacs.store.manifest import DEFAULT_EMBEDDER

    def row(text: str, options: list[str]) -> str:
        return json.dumps({"question": text, "options": options, "answer": "A"})

    nerve = ["Faster conduction", "Slower conduction", "Saltatory conduction", "Nodes of Ranvier"]
    rows = [
        row("Which of the following is NOT true of myelinated nerve fibers?", nerve),
        row("Which cranial nerve innervates the lateral rectus muscle?", ["VI", "III", "IV", "V"]),
        row("A ball is thrown upward at 20 m/s. How high does it rise?", ["20 m", "10 m", "40 m", "5 m"]),
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(rows))
    test = [row("Which of the following is not true for myelinated nerve fibers:", nerve[::-1])]
    (tmp_path / "test.jsonl").write_text("\n".join(test))
    sources = [Source(where=str(tmp_path / "q.jsonl"))], [Source(where=str(tmp_path / "test.jsonl"))]
    made = await create_bank(
        tmp_path / "bank", sources[0], exclude=sources[1], embedder=make_embedder(DEFAULT_EMBEDDER)
    )
    assert [(leak.kind, leak.place.number) for leak in made.report.leaks] == [("near", 1)]
    assert len(made.bank.questions) == 2
    assert made.report.leaks[0].similarity >= 0.9
    assert len((await made.bank.load(None)).matrix) == 2  # no embedder: the vectors are in the bank


@pytest.fixture
def shared() -> Path:
    folder = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the recorded data is not at {folder} (set SMACS_DATA)")
    return folder


@pytest.mark.slow
async def test_real_files_need_no_mapping(shared: Path, tmp_path: Path) -> None:
    """Counts of the files themselves: 89 texts of MMLU-Pro come twice, MedMCQA has its options in the text."""
    made = await make(tmp_path, Source(where=str(shared / "mmlu_pro_recorded" / "questions.parquet"), name="MMLU-Pro"))
    assert (made.report.questions, len(made.report.duplicates), len(made.report.conflicts)) == (7911, 89, 0)
    assert made.bank.questions[0].text.splitlines()[1] == "(A) Safe practices, Fear, Jealousy, Trivial"
    assert {question.subject for question in made.bank.questions} >= {"business", "law", "math"}
    others = {"mbpp.jsonl": ({}, 974), "aime2024.jsonl": ({}, 30), "math500.jsonl": ({"grader": "math"}, 500)}
    for name, (constants, size) in others.items():
        source = Source(where=str(shared / "benchmarks" / name), constants=constants)
        bank = (await create_bank(tmp_path / name, [source], embedder=Planned({}))).bank
        assert len(bank.questions) == size
    med = await make(tmp_path / "med", Source(where=str(shared / "benchmarks" / "medmcqa.json")))
    begins = [question for question in med.bank.questions if question.text.startswith("V) hich of the following")]
    assert [question.label for question in begins] == ["A"]  # its text begins like an option


@pytest.mark.slow
async def test_real_leaks_between_two_benchmarks(shared: Path, tmp_path: Path) -> None:
    """Three questions of MATH-500 are in MMLU-Pro, with options; one that differs in its numbers is another one."""
    parquet = pytest.importorskip("pyarrow.parquet")
    from smacs.pool.embed import make_embedder
    from smacs.store.manifest import DEFAULT_EMBEDDER

    begins = (
        "The Fibonacci sequence is the sequence 1, 1, 2",
        "If 4 daps = 7 yaps",
        "In how many ways can 5 students be s",
    )
    rows = parquet.read_table(shared / "mmlu_pro_recorded" / "questions.parquet").to_pylist()
    known = [row for row in rows if row["question"].startswith(begins)]
    other = [row for row in rows if row["question"].startswith("Roslyn has twenty boxes")]
    math = [row for row in rows if row["category"] == "math"][:60]
    chosen = {row["question_id"]: row for row in [*known, *other, *math]}.values()
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in chosen))
    tests = [line for line in (shared / "benchmarks" / "math500.jsonl").read_text().splitlines() if _wanted(line)]
    assert (len(known), len(other), len(tests)) == (3, 1, 4)
    (tmp_path / "test.jsonl").write_text("\n".join(tests))
    made = await create_bank(
        tmp_path / "bank",
        [Source(where=str(tmp_path / "q.jsonl"))],
        exclude=[Source(where=str(tmp_path / "test.jsonl"))],
        embedder=make_embedder(DEFAULT_EMBEDDER),
    )
    assert sorted(leak.text[:10] for leak in made.report.leaks) == sorted(text[:10] for text in begins)
    assert all(leak.kind == "near" for leak in made.report.leaks)


def _wanted(line: str) -> bool:
    problem = " ".join(json.loads(line)["problem"].split())
    return problem.startswith(
        (
            "The Fibonacci sequence is the sequence 1, 1, 2",
            "If 4 daps",
            "In how many ways can 5 students be s",
            "Roslyn has",
        )
    )
