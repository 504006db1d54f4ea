"""From rows to questions: columns and templates, labels, graders."""

from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.create.columns import find_columns
from smacs.store.create.questions import read_questions
from smacs.store.create.sources import Row, Rows, Source
from smacs.store.records import Question
from smacs.store.text import question_id


def questions(rows: list[dict[str, Any]], **source: Any) -> list[Question]:
    """The questions of rows that have no problem."""
    found = Source(**{"where": "file.jsonl", **source})
    names = dict.fromkeys(name for row in rows for name in row)
    numbered = Rows(found, "line", [Row(number, row) for number, row in enumerate(rows, 1)])
    read, problems, _ = read_questions(numbered, find_columns(found, names))
    assert problems == []
    return [item.question for item in read]


def problems(rows: list[dict[str, Any]], **source: Any) -> list[str]:
    found = Source(**{"where": "file.jsonl", **source})
    names = dict.fromkeys(name for row in rows for name in row)
    numbered = Rows(found, "line", [Row(number, row) for number, row in enumerate(rows, 1)])
    return list(map(str, read_questions(numbered, find_columns(found, names))[1]))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"columns": {"text": "nope"}}, "file.jsonl has no column 'nope'; it has question, answer"),
        ({"columns": {"text": "{question} {nope}"}}, "no column 'nope'"),
        ({"columns": {"text": "{question}\n{options}"}}, "no column 'options'"),
        ({"columns": {"txt": "question"}}, "expected a field out of text, label.*got 'txt'"),
        ({"constants": {"label": "1"}}, "expected a field out of dataset, subject"),
        ({"columns": {"task": "question"}, "constants": {"task": "math"}}, "'task' has a column and a constant"),
        ({"constants": {"grader": "maths"}}, "expected a grader out of number, math.*got 'maths'"),
        ({"limit": 0}, "a limit of at least 1"),
    ],
)
def test_mappings_that_cannot_be(source: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        questions([{"question": "1 + 1?", "answer": 2}], **source)


def test_a_template_and_constants() -> None:
    [question] = questions(
        [{"passage": "P.", "q": "Which?", "choices": ["x", "y"], "answer": "B", "n": 7}],
        columns={"text": "{passage}\n\n{q}\n{options}", "id": "set-{n}"},
        constants={"dataset": "mine", "subject": "reading"},
    )
    assert question == Question(
        id="set-7",
        text="P.\n\nWhich?\n(A) x\n(B) y",
        label="B",
        task="choice",
        grader="choice",
        dataset="mine",
        subject="reading",
    )


def test_without_id_and_dataset_the_text_and_the_source_give_them() -> None:
    [question] = questions([{"problem": "1 + 1?", "answer": 2}], where="some/math.jsonl")
    assert question == Question(
        id=question_id("1 + 1?"), text="1 + 1?", label="2", task="math", grader="number", dataset="math"
    )


def choice(label: Any, options: Any, **more: Any) -> dict[str, Any]:
    return {"question": "Which?", "options": options, "answer": label, **more}


@pytest.mark.parametrize(
    ("rows", "letters"),
    [
        ([choice("B", ["x", "y"]), choice("(a)", ["x", "y"])], "BA"),
        ([choice("y", ["x", "y"]), choice(" X ", ["x", "y"])], "BA"),
        ([choice(0, ["x", "y"]), choice(1, ["x", "y"])], "AB"),
        ([choice(1, ["x", "y"]), choice("2", ["x", "y"])], "AB"),
        ([choice("2", {"text": ["x", "y"], "label": ["1", "2"]})], "B"),
        ([choice("0.0", ["x", "y"]), choice("1.0", ["x", "y"])], "AB"),
        ([choice("10", ["10", "12"]), choice("12", ["10", "12"])], "AB"),
    ],
)
def test_labels_of_choices_become_letters(rows: list[dict[str, Any]], letters: str) -> None:
    assert [question.label for question in questions(rows)] == list(letters)


def test_positions_that_say_not_where_they_begin() -> None:
    rows = [choice(1, ["x", "y", "z"])]
    with pytest.raises(InputError, match="say --set first_option=0 or --set first_option=1"):
        questions(rows)
    assert questions(rows, constants={"first_option": "0"})[0].label == "B"
    assert questions(rows, constants={"first_option": "1"})[0].label == "A"


def test_final_answers_of_worked_solutions() -> None:
    gsm8k = {"question": "How many?", "answer": "3 * 4 = 12\n#### 1,200"}
    assert questions([gsm8k], constants={"grader": "number"})[0].label == "1,200"
    assert questions([gsm8k])[0].grader == "number"
    solved = {"problem": "x?", "solution": r"We get \boxed{\frac{1}{2}}."}
    assert questions([solved], constants={"grader": "math"})[0].label == r"\frac{1}{2}"


def test_code_with_a_setup() -> None:
    asserts = ["assert f(1) == 1"]
    rows = [
        {"text": "Write f.", "test_list": asserts, "test_setup_code": ""},
        {"text": "Write g.", "test_list": asserts, "test_setup_code": "import math"},
    ]
    first, second = questions(rows)
    assert first.text == "Write f.\nYour code should pass these tests:\nassert f(1) == 1"
    assert (first.label, first.task) == (asserts, "code")
    assert second.label == {"asserts": asserts, "setup": "import math"}


def test_a_grader_that_cannot_be_told_is_asked_for() -> None:
    with pytest.raises(InputError, match=r"no grader fits all labels, such as 'Paris'. Say one of number, math"):
        questions([{"question": "Capital of France?", "answer": "Paris"}])


def test_a_column_called_task_that_means_something_else() -> None:
    [question] = questions([{"question": "1 + 1?", "answer": 2, "task": "addition"}])
    assert (question.task, question.grader) == ("math", "number")
    [question] = questions([{"question": "1 + 1?", "answer": 2, "task": ["a"], "grader": None}])
    assert (question.task, question.grader) == ("math", "number")
    [question] = questions([{"question": "1 + 1?", "answer": 2, "task": "math", "grader": "math"}])
    assert (question.task, question.grader) == ("math", "math")


def test_rows_that_are_no_questions() -> None:
    rows: list[dict[str, Any]] = [
        {"question": "fine", "answer": 1},
        {"question": "  ", "answer": 1},
        {"question": "no label", "answer": None},
        {"answer": 1},
    ]
    assert problems(rows) == [
        "file.jsonl, line 2: the text is empty ('{question}')",
        "file.jsonl, line 3: the label is empty ('answer')",
        "file.jsonl, line 4: the text is empty ('{question}')",
    ]
    assert problems([choice("A", ["x"] * 27)]) == ["file.jsonl, line 1: expected at most 26 options, got 27"]
