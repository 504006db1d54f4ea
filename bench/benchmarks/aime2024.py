"""AIME: competition problems with whole answers from 0 to 999; 2024 is the test, 1983 to 2023 the bank part."""

from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.records import Question

NAME = "aime2024"
_TEST = Table(("aime2024",), "HuggingFaceH4/aime_2024", "train")
_BANK = Table(("aime", "AIME_Dataset_1983_2024"), "gneubig/aime-1983-2024", "train")


class _Problem(msgspec.Struct):
    id: int
    problem: str
    answer: str


class _Older(msgspec.Struct, rename={"id": "ID", "year": "Year", "question": "Question", "answer": "Answer"}):
    id: str
    year: int | str  # text in a CSV file
    question: str
    answer: int | str


def _test(data: Path | None) -> list[Question]:
    return [_question(str(item.id), item.problem, item.answer) for item in _TEST.rows(data, _Problem)]


def _bank(data: Path | None) -> list[Question]:
    older = (item for item in _BANK.rows(data, _Older) if str(item.year) < "2024")
    return [_question(item.id, item.question, str(item.answer)) for item in older]


def _question(name: str, text: str, answer: str) -> Question:
    """Its grader takes 033 and 33 for the same number."""
    return Question(id=f"{NAME}/{name}", text=text.strip(), label=answer, task="math", grader="number", dataset=NAME)


BENCHMARK = Benchmark(name=NAME, title="AIME 2024", test_size=30, hub=(_TEST.hub, _BANK.hub), test=_test, bank=_bank)
