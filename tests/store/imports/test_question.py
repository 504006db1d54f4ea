"""Labels of every grader by every way into a bank: what one of them can grade, the others can."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.pool.prompts import Prompts
from smacs.store.create.labels import RawLabel, guess_grader, read_label
from smacs.store.create.options import Options
from smacs.store.graders import GRADERS, check_label, gradable, grade
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats import evalscope, lm_eval, plain
from smacs.store.imports.question import make_question, with_label
from smacs.store.records import Question

pytestmark = pytest.mark.slow

SHOWN = "Which?\n(A) iron\n(B) tin"
CASES: dict[str, Any] = {
    "a number": ("How many?", "12", "number", "12"),
    "a worked solution": ("How many?", "3 x 4 = 12\n#### 12", "number", "12"),
    "a sentence": ("How many?", "3 x 4 = 12. The answer is 12.", "number", "12"),
    "a letter": (SHOWN, "B", "choice", "B"),
    "a letter in brackets": (SHOWN, "(B)", "choice", "B"),
    "a letter with its option": (SHOWN, "(B) tin", "choice", "B"),
    "a letter after a rationale": (SHOWN, "Not iron. The answer is (B).", "choice", "B"),
    "a letter within a line": ("Which? (A) iron (B) tin", "B", "choice", "B"),
}


def from_plain(folder: Path, text: str, label: Any) -> Question:
    path = folder / "x.jsonl"
    path.write_text(json.dumps({"question": text, "llm": "x", "correct": True, "label": label}) + "\n")
    return next(plain.FORMAT.read(path, ImportOptions())).question


def from_lm_eval(folder: Path, text: str, label: Any) -> Question:
    (folder / "a__b").mkdir()
    sample = {"doc_id": 0, "doc": {"question": text}, "target": label, "arguments": [["p", {}]], "resps": [["x"]]}
    path = folder / "a__b" / "samples_x.jsonl"
    path.write_text(json.dumps({**sample, "filtered_resps": ["x"], "metrics": ["acc"], "acc": 1.0}) + "\n")
    return next(lm_eval.FORMAT.read(path, ImportOptions())).question


def from_evalscope(folder: Path, text: str, label: Any) -> Question:
    path = folder / "x.jsonl"
    score = {"score": {"value": {"acc": 1.0}}, "sample_metadata": {"question": text}}
    path.write_text(json.dumps({"index": 0, "input": f"**User**: \n{text}", "target": label, "sample_score": score}))
    return next(evalscope.FORMAT.read(path, ImportOptions())).question


def from_inspect(_: Path, text: str, label: Any) -> Question:
    return make_question(text, target=label)


WAYS: list[Callable[[Path, str, Any], Question]] = [from_plain, from_lm_eval, from_evalscope, from_inspect]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_label_is_read_by_every_way(case: tuple[str, Any, str, str], way: Any, tmp_path: Path) -> None:
    text, label, grader, read = case
    question = way(tmp_path, text, label)
    assert (question.grader, question.label) == (grader, read)
    check_label(question)
    assert question.task in Prompts.load().tasks  # else `evaluate` refuses the bank
    item = RawLabel(label, Options(), text)
    assert guess_grader([item]) == grader and read_label(item, grader, None) == read  # as bank create reads it


@pytest.mark.parametrize(
    ("label", "grader", "task"),
    [
        (["assert add(1, 2) == 3"], "code", "code"),
        ("assert add(1, 2) == 3\nassert add(2, 2) == 4", "code", "code"),
        ('["assert add(1, 2) == 3"]', "code", "code"),
        ({"asserts": ["assert area(1) == pi"], "setup": "from math import pi"}, "code", "code"),
        ([{"check": "words", "max": 20}], "instruction", "instruction"),
        ({"kind": "stdin", "cases": [{"input": "1", "output": "2"}]}, "livecodebench", "code"),
        (12, "number", "math"),
        (["12"], "number", "math"),
        (r"Twice \sqrt{2}: \boxed{2\sqrt{2}}", "math", "math"),
    ],
)
def test_a_label_says_by_its_form_who_grades_it(label: Any, grader: str, task: str, tmp_path: Path) -> None:
    question = from_plain(tmp_path, "What?", label)
    assert (question.grader, question.task) == (grader, task)
    check_label(question)


@pytest.mark.parametrize(
    ("grader", "task", "becomes"), [("number", "", "math"), ("number", "number", "math"), ("", "summary", "math")]
)
def test_a_task_that_evaluate_does_not_know_is_the_graders(grader: str, task: str, becomes: str) -> None:
    base = Question(id="", text="How many?", task=task or "number")
    assert with_label(base, "12", grader).task == becomes


@pytest.mark.parametrize(
    "label",
    [
        [{"check": "matches", "pattern": "((("}],
        ["assert f(1) == x"],
        ["assert True"],
        [{"check": "words", "most": 3}],
        {"kind": "functional", "function": "f", "cases": [{"input": "x", "output": "1"}]},
        ["assert " + "(" * 3000 + "f(1)" + ")" * 3000 + " == 1"],
        {"asserts": []},
        "Paris",
    ],
)
def test_a_label_that_no_grader_can_use_is_said_and_left_out(label: Any, tmp_path: Path) -> None:
    path, notes = tmp_path / "x.jsonl", list[str]()
    path.write_text(json.dumps({"question": "What?", "llm": "x", "correct": True, "label": label}) + "\n")
    question = next(iter(list(plain.FORMAT.read(path, ImportOptions(note=notes.append))))).question
    assert not gradable(question) and question.label is None
    assert len(notes) == 1 and notes[0].startswith("x.jsonl: 1 labels cannot be used")


def test_an_option_that_begins_with_its_own_letter_gets_no_second_one() -> None:
    question = make_question("Which?", options=["A. iron", "B. tin"], target="B. tin")
    assert (question.text, question.label) == (SHOWN, "B")
    assert make_question("Which?\nA) iron\nB) tin", options=["iron", "tin"], target="tin").text.count("iron") == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["assert f(1) == 1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["check", "words", "asserts", "kind", "cases", "kwargs", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(JSON, st.sampled_from([name for name in GRADERS if name != "ifeval"] + [""]), st.text(max_size=30))
def test_whatever_a_label_is_it_is_used_or_left_out(label: Any, grader: str, reply: str) -> None:
    question = with_label(Question(id="q", text="What?"), label, grader)
    if gradable(question):
        check_label(question)
        if question.grader not in ("code", "livecodebench"):  # those run what the reply is
            assert 0 <= grade(question, reply).correct <= 1
