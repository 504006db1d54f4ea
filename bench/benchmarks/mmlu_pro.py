"""MMLU-Pro: multiple choice, up to ten options; the first tenth of each subject is the test, the rest the bank part.

Of the whole set those are 1,196 and 10,836 questions; of a part of it, a tenth of that part.
"""

from collections import Counter
from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.imports.question import fold
from smacs.store.records import Question

NAME = "mmlu_pro"
_TABLE = Table(("mmlu_pro", "mmlu_pro_recorded/questions"), "TIGER-Lab/MMLU-Pro", "test")


class _Item(msgspec.Struct):
    question_id: int
    question: str
    options: list[str]
    answer: str
    category: str


def _parts(data: Path | None) -> tuple[list[Question], list[Question]]:
    """The test part and the bank part, in the order of the file."""
    items = _TABLE.rows(data, _Item)
    left = {category: size // 10 for category, size in Counter(item.category for item in items).items()}
    test: list[Question] = []
    bank: list[Question] = []
    for item in items:
        (test if left[item.category] > 0 else bank).append(_question(item))
        left[item.category] -= 1
    return test, bank


def _question(item: _Item) -> Question:
    return Question(
        id=f"{NAME}/{item.question_id}",
        text=fold(item.question, item.options),
        label=item.answer,
        task="choice",
        grader="choice",
        dataset=NAME,
        subject=item.category,
    )


BENCHMARK = Benchmark(
    name=NAME,
    title="MMLU-Pro",
    test_size=1196,
    hub=(_TABLE.hub,),
    test=lambda data: _parts(data)[0],
    bank=lambda data: _parts(data)[1],
)
