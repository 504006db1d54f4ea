"""MedMCQA, the validation set: its first 1,200 questions are the test, the next 1,000 the bank part."""

import re
from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.bench.benchmarks.shared.table import Table
from smacs.errors import InputError
from smacs.store.imports.question import fold
from smacs.store.records import Question

NAME = "medmcqa"
_TEST = 1200
_TABLE = Table(("medmcqa",), "openlifescienceai/medmcqa", "validation")
_MARK = "The options are:"
_LETTERS = "ABCD"


class _Item(msgspec.Struct):
    """A row of the hub (opa, ..., cop from 0), or one with the options in the question (gold_answer)."""

    question: str
    gold_answer: str = ""
    opa: str = ""
    opb: str = ""
    opc: str = ""
    opd: str = ""
    cop: int = -1
    subject_name: str = ""


def _read(data: Path | None) -> list[Question]:
    source = _TABLE.source(data).where
    return [_question(item, f"{source}, row {row}", row) for row, item in enumerate(_TABLE.rows(data, _Item), 1)]


def _question(item: _Item, place: str, row: int) -> Question:
    """White space is collapsed: its line breaks are those of a printed page."""
    text, options = split_options(item.question, place) if item.gold_answer else (item.question, _columns(item))
    label = item.gold_answer or (_LETTERS[item.cop] if item.cop in range(4) else "")
    if label not in _LETTERS or not label:
        raise InputError(f"{place}: expected gold_answer A to D, or cop 0 to 3, got {item.gold_answer or item.cop!r}.")
    return Question(
        id=f"{NAME}/{row}",
        text=fold(_plain(text), [_plain(option) for option in options]),
        label=label,
        task="choice",
        grader="choice",
        dataset=NAME,
        subject=item.subject_name,
    )


def split_options(question: str, place: str) -> tuple[str, list[str]]:
    """The question and its four options, out of "... The options are: (A) ... (B) ..."; texts may hold brackets.

    Each option begins at the first of its letters after the one before. Raises InputError.
    """
    text, mark, rest = question.rpartition(_MARK)
    match = re.fullmatch(r"\s*\(A\) (.*?) \(B\) (.*?) \(C\) (.*?) \(D\)(.*)", rest, re.DOTALL)
    if not mark or match is None:
        raise InputError(f'{place}: expected a question with "{_MARK} (A) ... (B) ... (C) ... (D) ...".')
    return text, list(match.groups())


def _columns(item: _Item) -> list[str]:
    return [item.opa, item.opb, item.opc, item.opd]


def _plain(text: str) -> str:
    return " ".join(text.split())


BENCHMARK = Benchmark(
    name=NAME,
    title="MedMCQA",
    test_size=_TEST,
    hub=(_TABLE.hub,),
    test=lambda data: _read(data)[:_TEST],
    bank=lambda data: _read(data)[_TEST:],
    bank_size=1000,
)
