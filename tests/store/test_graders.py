"""What all graders have in common: names, labels, and that no text breaks a reader."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import GradingError
from smacs.store.graders import GRADERS, check_label, grade
from smacs.store.graders.choice import find_letter
from smacs.store.graders.number import find_number
from smacs.store.graders.shared.responses import boxed, find_program, find_script, stated
from smacs.store.records import Question

OPTIONS = "Which one?\n(A) gold\n(B) iron\n(C) tin\n(D) lead"


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    assert find_letter(text, "ABCD") in {*"ABCD", None}
    for read in (find_number, find_program, find_script, boxed, stated):
        read(text)


@pytest.mark.parametrize(
    ("label", "grader"),
    [
        ("many", "number"),
        (7, "number"),
        ("9" * 2_000, "number"),
        ("", "math"),
        ("E", "choice"),
        ("AB", "choice"),
        (["assert ("], "code"),
        (["print(1)"], "code"),
        (["assert list(map(f, [1])) == [2]"], "code"),
        (["assert all(f(x) for x in [1])"], "code"),
        ([], "code"),
        ("assert True", "code"),
        ({"asserts": ["assert True"], "stdin": "x"}, "code"),
        ({"kind": "stdin", "cases": []}, "livecodebench"),
        ({"kind": "file", "cases": [{"input": "", "output": ""}]}, "livecodebench"),
        ({"kind": "stdin", "function": "f", "cases": [{"input": "", "output": ""}]}, "livecodebench"),
        ({"kind": "functional", "cases": [{"input": "1", "output": "1"}]}, "livecodebench"),
        ({"kind": "functional", "function": "f", "cases": [{"input": "x", "output": "1"}]}, "livecodebench"),
        ({"instruction_id_list": [], "kwargs": []}, "ifeval"),
        ({"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, "ifeval"),
        ([], "instruction"),
        ([{"check": "rhymes"}], "instruction"),
        ([{"check": "words", "most": 3}], "instruction"),
        ("x", "taste"),
        ("x", ""),
    ],
)
def test_an_unusable_label_is_named(label: Any, grader: str) -> None:
    with pytest.raises(GradingError, match=r"'q-1': expected .*; got "):
        check_label(Question(id="q-1", text=OPTIONS, label=label, grader=grader))


def test_the_task_names_the_grader_when_the_question_does_not() -> None:
    assert grade(Question(id="q", text="?", label="2", task="number"), "It is 2.").correct == 1.0
    assert set(GRADERS) == {"number", "math", "choice", "code", "livecodebench", "instruction", "ifeval"}
