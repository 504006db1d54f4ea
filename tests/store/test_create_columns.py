"""From rows to questions: which column is what, options, labels, graders."""

from typing import Any

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.store.create.columns import Columns, find_columns
from smacs.store.create.convert import to_questions
from smacs.store.create.options import Options, parse_list, read_options
from smacs.store.create.source import Row, Rows, Source
from smacs.store.identity import question_id
from smacs.store.records import Question


def questions(rows: list[dict[str, Any]], **source: Any) -> list[Question]:
    """The questions of rows that have no problem."""
    found = Source(**{"where": "file.jsonl", **source})
    names = dict.fromkeys(name for row in rows for name in row)
    numbered = Rows(found, "line", [Row(number, row) for number, row in enumerate(rows, 1)])
    drafts, problems, _ = to_questions(numbered, find_columns(found, names))
    assert problems == []
    return [draft.question for draft in drafts]


def problems(rows: list[dict[str, Any]], **source: Any) -> list[str]:
    found = Source(**{"where": "file.jsonl", **source})
    names = dict.fromkeys(name for row in rows for name in row)
    numbered = Rows(found, "line", [Row(number, row) for number, row in enumerate(rows, 1)])
    return list(map(str, to_questions(numbered, find_columns(found, names))[1]))


def test_the_usual_names_of_real_data_sets() -> None:
    mmlu_pro = ["question_id", "question", "options", "answer", "answer_index", "category", "src"]
    found = find_columns(Source(where="m"), mmlu_pro)
    assert found.fields == {"text": "{question}\n{options}", "label": "answer", "subject": "category"}
    assert found.options == ("options",)
    medmcqa = find_columns(Source(where="m"), ["id", "question", "opa", "opb", "opc", "opd", "cop", "subject_name"])
    assert medmcqa.options == ("opa", "opb", "opc", "opd")
    assert medmcqa.fields["label"] == "cop"
    mbpp = find_columns(Source(where="m"), ["task_id", "text", "code", "test_list", "test_setup_code"])
    assert mbpp.fields["text"] == "{text}\nYour code should pass these tests:\n{test_list}"
    assert mbpp.fields["setup"] == "test_setup_code"
    capitals = find_columns(Source(where="m"), ["Question", "Answer"])
    assert (capitals.fields["text"], capitals.fields["label"]) == ("{Question}", "Answer")


def test_what_the_user_says_wins_and_is_told_apart() -> None:
    source = Source(where="f", columns={"text": "frage", "subject": "fach"})
    found = find_columns(source, ["frage", "question", "answer", "fach"])
    assert found.describe() == "text='{frage}', subject='fach', label='answer' (found)"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"columns": {"text": "nope"}}, "file.jsonl has no column 'nope'; it has question, answer"),
        ({"columns": {"text": "{question} {nope}"}}, "no column 'nope'"),
        ({"columns": {"text": "{question}\n{options}"}}, "no column 'options'"),
        ({"columns": {"txt": "question"}}, "expected a field out of text, label.*got 'txt'"),
        ({"constants": {"label": "1"}}, "expected a field out of dataset, subject"),
        ({"columns": {"task": "question"}, "constants": {"task": "math"}}, "'task' has a column and a constant"),
        ({"constants": {"grader": "maths"}}, "expected a grader out of choice, code.*got 'maths'"),
        ({"limit": 0}, "a limit of at least 1"),
    ],
)
def test_mappings_that_cannot_be(source: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        questions([{"question": "1 + 1?", "answer": 2}], **source)


def test_no_column_for_the_text() -> None:
    with pytest.raises(
        InputError, match=r"which column is the text\? Its columns are a, answer. Say --map text=COLUMN"
    ):
        questions([{"a": 1, "answer": 2}])


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


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        ([["x", " y "]], Options(("x", "y"))),
        (["x", "y", "", None], Options(("x", "y"))),
        ([{"text": ["x", "y"], "label": ["1", "2"]}], Options(("x", "y"), ("1", "2"))),
        ([{"A": "x", "B": "y"}], Options(("x", "y"), ("A", "B"))),
        ([[{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]], Options(("x", "y"), ("A", "B"))),
        (['["x", "y"]'], Options(("x", "y"))),
        (["['x', \"y's\"]"], Options(("x", "y's"))),
        ([["x", None, float("nan"), 3]], Options(("x", "3"))),
        ([None], Options()),
    ],
)
def test_the_forms_of_options(cells: list[Any], options: Options) -> None:
    assert read_options(cells) == options


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
    with pytest.raises(InputError, match=r"no grader fits all labels, such as 'Paris'. Say one of choice, code"):
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


def test_columns_are_described_as_they_are_typed() -> None:
    assert Columns({"text": "{q}\n{options}"}, ("o",)).describe() == r"text='{q}\n{options}'"


TEXTS = [["cat", "dog", "cow", "hen"], ["it's", 'a "b"', "both ' and \"", "two\nlines"], ["a,b", "c"], ["f(x)", "[y)"]]


@pytest.mark.parametrize(
    "items", [*TEXTS, ["x" * 60, "y" * 60, "z" * 60], [1, 2, 3], [1.5, 2.0], ["one"], ["...", "b"]]
)
@pytest.mark.parametrize("kind", [object, None])
def test_lists_as_numpy_and_pandas_print_them(items: list[Any], kind: Any) -> None:
    array = np.array(items, dtype=kind)
    for text in (str(array), repr(array), str(items), repr(list(array))):
        assert parse_list(text) == items, text
    assert parse_list(repr({"text": array})) == {"text": items}


@pytest.mark.parametrize("text", ["[A B C]", "['a' 'b'", "hello", "[['a' 'b']\n ['c' 'd']]", "[" * 100_000])
def test_texts_that_are_no_list(text: str) -> None:
    with pytest.raises(ValueError, match="expected a list such as"):
        parse_list(text)


def test_a_long_list_whose_middle_numpy_has_left_out() -> None:
    with pytest.raises(ValueError, match="left out the middle of a long list here, and it is lost"):
        parse_list(str(np.arange(5_000)))
