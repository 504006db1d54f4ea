"""The questions of the starter bank: shipped as the scripts write them, checkable, and with right answers."""

from collections import Counter

import msgspec
import pytest

from smacs.pool.prompts import Prompts
from smacs.store.graders import check_label, grade
from smacs.store.graders.sandbox import sandbox_available
from smacs.store.records import Question
from tools.starter.item import Item
from tools.starter.write import QUESTIONS, encoded, items


@pytest.fixture(scope="module")
def shipped() -> list[Question]:
    return [msgspec.json.decode(line, type=Question) for line in QUESTIONS.read_bytes().splitlines()]


def test_the_shipped_file_is_what_the_scripts_write() -> None:
    assert QUESTIONS.read_bytes() == encoded()


def test_there_are_eight_families_of_36(shipped: list[Question]) -> None:
    families = Counter(question.dataset for question in shipped)
    assert set(families.values()) == {36} and len(families) == 8
    assert len({question.id for question in shipped}) == len({question.text for question in shipped}) == 288
    assert {question.task for question in shipped} <= set(Prompts.load().tasks)
    assert all(question.subject for question in shipped)


def test_every_label_can_be_graded(shipped: list[Question]) -> None:
    for question in shipped:
        check_label(question)


def test_answer_letters_are_spread_evenly(shipped: list[Question]) -> None:
    for family in ("science", "medicine", "everyday"):
        letters = Counter(question.label for question in shipped if question.dataset == f"starter-{family}")
        assert letters == {"A": 9, "B": 9, "C": 9, "D": 9}


def test_options_are_four_different_texts(shipped: list[Question]) -> None:
    for question in shipped:
        if question.task == "choice":
            lines = question.text.split("\n")[1:]
            assert [line[:4] for line in lines] == ["(A) ", "(B) ", "(C) ", "(D) "]
            assert len({line[4:].lower() for line in lines}) == 4


def test_every_reference_response_is_correct() -> None:
    assert [_wrong(item) for item in items() if item.question.task != "code" and _wrong(item)] == []


@pytest.mark.slow
@pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available()))
def test_every_reference_program_is_correct() -> None:
    assert [_wrong(item) for item in items() if item.question.task == "code" and _wrong(item)] == []


def test_an_empty_response_is_never_correct() -> None:
    assert all(grade(item.question, "").correct == 0.0 for item in items())


def _wrong(item: Item) -> str:
    result = grade(item.question, item.response)
    return "" if result.correct == 1.0 else f"{item.question.id}: {result.answer!r} {result.note}"
