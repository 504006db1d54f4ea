"""MATH-500: competition problems; the bank part is 1,000 of MATH's other 12,000, drawn once and for all."""

from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark, drawn
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.identity import question_id
from smacs.store.records import Question

NAME = "math500"
_TEST = Table(("math500",), "HuggingFaceH4/MATH-500", "test")
# MATH's own data set has been withdrawn; this copy has the 500 apart, and each answer in a column of its own.
_BANK = Table(("math", "math_train"), "nlile/hendrycks-MATH-benchmark", "train")


class _Problem(msgspec.Struct):
    problem: str
    answer: str
    subject: str = ""
    unique_id: str = ""


def _read(table: Table, data: Path | None) -> list[Question]:
    return [_question(item) for item in table.rows(data, _Problem)]


def _question(item: _Problem) -> Question:
    name = item.unique_id.removesuffix(".json") or question_id(item.problem)
    return Question(
        id=f"{NAME}/{name}",
        text=item.problem.strip(),
        label=item.answer,
        task="math",
        grader="math",
        dataset=NAME,
        subject=item.subject,
    )


BENCHMARK = Benchmark(
    name=NAME,
    title="MATH-500",
    test_size=500,
    hub=(_TEST.hub, _BANK.hub),
    test=lambda data: _read(_TEST, data),
    bank=lambda data: drawn(_read(_BANK, data), None, 0),
    bank_size=1000,
)
