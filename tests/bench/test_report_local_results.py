"""The results in `results/local`: whole, small, and what the README says of them is what the stored run gives."""

import tarfile
from pathlib import Path

import msgspec
import pytest

from smacs.bench.report.build import build
from smacs.bench.report.model import Interval, Report
from smacs.bench.report.paper import AVERAGE
from smacs.bench.report.sheet import number
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "results" / "local"
MEGABYTES = 20


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name in ("run", "bank"):
        with tarfile.open(FOLDER / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def report(unpacked: Path) -> Report:
    return build(unpacked / "run")


def test_the_stored_report_is_that_of_the_stored_run(report: Report) -> None:
    assert msgspec.json.decode((FOLDER / "report.json").read_bytes()) == msgspec.to_builtins(report)


def test_every_system_and_every_llm_answered_every_question(report: Report) -> None:
    llms = Pool.load(FOLDER / "pool.toml").llms
    wanted = {*AVERAGE, *(f"llm:{name}" for name in llms)}
    rows = {row.spec: row.mean for row in report.systems}
    assert wanted <= rows.keys()
    assert len(report.questions) >= 4
    asked = sum(report.questions.values())
    assert asked >= 100
    assert {rows[spec].questions for spec in wanted} == {asked}


def test_no_question_of_the_run_is_in_its_bank(unpacked: Path, report: Report) -> None:
    bank = QuestionBank.open(unpacked / "bank")
    texts = {question.text for question in bank.questions}
    assert len(texts) == report.bank.questions
    for name, count in report.questions.items():
        lines = (unpacked / "run" / "questions" / f"{name}.jsonl").read_bytes().splitlines()
        asked = [msgspec.json.decode(line)["text"] for line in lines]
        assert (len(asked), texts & set(asked)) == (count, set())


def test_the_readme_has_these_figures(report: Report) -> None:
    text = (ROOT / "README.md").read_text()
    costs = {cost.spec: cost for cost in report.costs}
    for row in report.systems:
        if row.group == "variant":
            continue
        cost = costs[row.spec]
        shares = [number(found.value) for cell in row.cells.values() if (found := cell.accuracy)]
        every, mean = shown(row.pooled.accuracy, 0), shown(row.mean.accuracy, 1)
        figures = [number(cost.calls.value), number(cost.tokens.value, 0)]
        assert f"| {row.title} | {' | '.join([every, mean, *shares, *figures])} |" in text


def shown(accuracy: Interval | None, digits: int) -> str:
    assert accuracy
    return f"{number(accuracy.value, digits)} ({number(accuracy.low, digits)} to {number(accuracy.high, digits)})"


def test_they_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*")) < MEGABYTES * 1e6
