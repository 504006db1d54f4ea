"""GPQA: questions of natural science, four options; the diamond is the test, the others of main and extended the bank.

The hub gives it only to those who have agreed not to publish it: `hf auth login`.
"""

from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark, hashed
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.imports.question import fold
from smacs.store.records import Question

NAME = "gpqa_diamond"
_TEST, *_BANK = (
    Table((subset,), f"Idavidrein/gpqa/{subset}", "train") for subset in (NAME, "gpqa_main", "gpqa_extended")
)
_COLUMNS = {
    "record": "Record ID",
    "question": "Question",
    "right": "Correct Answer",
    "wrong1": "Incorrect Answer 1",
    "wrong2": "Incorrect Answer 2",
    "wrong3": "Incorrect Answer 3",
    "domain": "High-level domain",
}


class _Item(msgspec.Struct, rename=_COLUMNS):
    record: str
    question: str
    right: str
    wrong1: str
    wrong2: str
    wrong3: str
    domain: str = ""


def _read(table: Table, data: Path | None) -> list[Question]:
    return [_question(item) for item in table.rows(data, _Item)]


def _question(item: _Item) -> Question:
    """The options stand in an order that depends on the question alone: the right one comes first in the file."""
    texts = [text.strip() for text in (item.right, item.wrong1, item.wrong2, item.wrong3)]
    options = sorted(texts, key=lambda text: hashed(f"{item.record} {text}"))
    return Question(
        id=f"{NAME}/{item.record}",
        text=fold(item.question, options),
        label="ABCD"[options.index(texts[0])],
        task="choice",
        grader="choice",
        dataset=NAME,
        subject=item.domain,
    )


BENCHMARK = Benchmark(
    name=NAME,
    title="GPQA-Diamond",
    test_size=198,
    hub=tuple(table.hub for table in (_TEST, *_BANK)),
    test=lambda data: _read(_TEST, data),
    bank=lambda data: [question for table in _BANK for question in _read(table, data)],
)
