"""Plain JSON lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.plain import FORMAT
from smacs.store.merge import Found

SAMPLE = Path(__file__).parent / "samples" / "plain" / "answers.jsonl"


def read(path: Path, **options: Any) -> list[Found]:
    return list(FORMAT.read(path, ImportOptions(**options)))


def test_what_a_line_may_say() -> None:
    first, second, third = read(SAMPLE)
    question = first.question
    assert (question.text, question.label, question.grader, question.task) == ("What is 7 + 5?", "12", "number", "math")
    assert (question.dataset, question.subject) == ("sums", "addition")
    cell = first.evaluations["tiny-7b"]
    assert (cell.correct, cell.answer, cell.response, cell.tokens, cell.seconds) == (1.0, "12", "It is 12.", 4, 0.5)
    assert cell.source == "plain: answers.jsonl"
    assert second.evaluations["tiny-1b"].correct == 0.0
    assert (third.question.grader, third.evaluations["tiny-7b"].correct) == ("", 0.75)
    assert third.evaluations["tiny-7b"].response == "Rain on the tin roof"
    assert third.evaluations["tiny-7b"].reasoning == "five, seven, five"


def test_the_id_of_a_bank_question(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"question": "q7", "llm": "a", "correct": 1}\n')
    assert read(path, in_bank={"q7"}.__contains__)[0].question.text == ""
    assert read(path, in_bank={"q7"}.__contains__)[0].question.id == "q7"
    assert read(path)[0].question.text == "q7"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"correct": 2}, "line 1: expected `correct` to be a grade within 0 and 1; got 2"),
        ({"correct": "yes"}, r"line 1: Expected `bool \| float \| null`, got `str` - at `\$.correct`"),
        ({"corect": 1}, "line 1: Object contains unknown field `corect`"),
        ({"llm": " "}, "line 1: `question` or `llm` is empty"),
        ({"label": "1", "grader": "magic"}, "expected a `grader` out of choice, code"),
    ],
)
def test_a_line_that_is_not_as_expected(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"question": "q", "llm": "a", "correct": 1} | line) + "\n")
    with pytest.raises(InputError, match=said):
        read(path)


def test_a_label_that_its_grader_cannot_use_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    line = {"question": "How many?", "llm": "a", "correct": 1, "label": "many", "grader": "number"}
    path.write_text(json.dumps(line) + "\n")
    question = read(path)[0].question
    assert (question.label, question.grader) == (None, "")
