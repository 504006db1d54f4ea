"""Graders of numbers, expressions, letters and instructions."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.pool.errors import GradingError
from smacs.store.graders import GRADERS, Grade, check_label, grade
from smacs.store.graders.choice import find_letter, option_letters
from smacs.store.graders.code import find_program
from smacs.store.graders.final import boxed, stated
from smacs.store.graders.instruction import INSTRUCTION
from smacs.store.graders.math_client import MathClient
from smacs.store.graders.number import find_number, number
from smacs.store.records import Question

OPTIONS = "Which one?\n(A) gold\n(B) iron\n(C) tin\n(D) lead"


def question(label: Any, grader: str, text: str = "?") -> Question:
    return Question(id="q-1", text=text, label=label, grader=grader)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (r"So it is \boxed{69}.", 69),
        ("The answer is 69.", 69),
        ("It costs $69", 69),
        ("That makes 69 pencils", 69),
        ("1,250", 1250),
        ("She pays $1,250.50.", Fraction(2501, 2)),
        ("0.5", Fraction(1, 2)),
        ("1/2", Fraction(1, 2)),
        (r"$\boxed{\frac{1}{2}}$", Fraction(1, 2)),
        (r"\boxed{x = -3}", -3),
        (r"\boxed{69 \text{ m}^2}", 69),
        (r"\boxed{}, so the answer is 4", 4),
        ("Answer: **12**", 12),
        ("The answer is 7 + 5 = 12.", 12),
        ("The answer is\n\n12", 12),
        ("3-2=1", 1),
        ("x = - 3", -3),
        ("First 5, then 10 - 4", 4),
        ("The answer is 5. Wait, the answer is 6.", 6),
        ("3 x 4 = 12. The answer is twelve.", 12),
        ("1/0", None),
        ("no idea", None),
        ("", None),
    ],
)
def test_the_final_number_is_found(response: str, expected: int | None) -> None:
    assert find_number(response) == expected


@given(st.integers(-(10**9), 10**9))
def test_an_integer_is_read_however_it_is_written(value: int) -> None:
    for text in (str(value), f"{value:,}", f"{value}.0"):
        assert find_number(f"The answer is {text}.") == value
        assert find_number(f"So \\boxed{{{text}}}") == value


@given(st.fractions(max_denominator=99, min_value=-99, max_value=99))
def test_a_fraction_is_compared_exactly(value: Fraction) -> None:
    label = str(value)
    assert number(label) == value
    assert grade(question(label, "number"), f"I get {label}").correct == 1.0
    assert grade(question(label, "number"), f"I get {value + Fraction(1, 1000)}").correct == 0.0


def test_a_number_is_graded_and_an_empty_response_has_no_answer() -> None:
    assert grade(question("69", "number"), "$69") == Grade(1.0, "69")
    assert grade(question("69", "number"), "68") == Grade(0.0, "68")
    assert grade(question("69", "number"), "I cannot say").answer is None


@pytest.mark.parametrize(
    ("label", "response", "correct"),
    [
        ("x^2+5x+6", r"\boxed{(x+2)(x+3)}", 1.0),
        ("x^2+5x+6", "The answer is x^2 + 5x + 6.", 1.0),
        ("x^2+5x+6", "So we get $6+5x+x^2$", 1.0),
        ("x^2+5x+6", "The answer is x^2 + 6x + 5.", 0.0),
        ("5x+6", "2x + 3x + 6 = 5x + 6", 1.0),
        ("5x+6", "**5x + 6**", 1.0),
        ("x^3", r"\boxed{x**3}", 1.0),
        (r"\sqrt{8}", r"$2\sqrt{2}$", 1.0),
        ("1/2", "0.5", 1.0),
        ("1/2", r"\boxed{\frac12}", 1.0),
        ("5", "The answer is 6", 0.0),
    ],
)
def test_expressions_are_compared_by_equivalence(label: str, response: str, correct: float) -> None:
    assert grade(question(label, "math"), response).correct == correct


def test_a_response_without_mathematics_has_no_answer() -> None:
    assert grade(question("5x+6", "math"), "I don't know") == Grade(0.0, None, "no answer found")


def test_an_endless_comparison_is_killed_and_the_next_one_works() -> None:
    client = MathClient(seconds=1.0)
    assert client.compare("5", [r"$10^{10^{10^{10}}}$"]) is None
    verdict = client.compare("5", ["$2+3$"])
    assert verdict is not None and verdict.correct


async def test_graders_work_off_the_main_thread_and_all_at_once() -> None:
    grades = await asyncio.gather(
        *(asyncio.to_thread(grade, question(f"{n}x+1", "math"), f"\\boxed{{1+{n}x}}") for n in range(2, 10))
    )
    assert [result.correct for result in grades] == [1.0] * 8
    with ThreadPoolExecutor(4) as pool:
        wrong = list(pool.map(lambda n: grade(question("2x", "math"), f"\\boxed{{{n}x}}").correct, range(3, 7)))
    assert wrong == [0.0] * 4


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("The answer is (B)", "B"),
        ("Answer: B", "B"),
        ("**Answer: B) iron**", "B"),
        ("**B**", "B"),
        ("B) iron", "B"),
        ("b", "B"),
        (r"$\boxed{\text{B) iron}}$", "B"),
        ("The correct answer is:\n\n(B) iron", "B"),
        ("The correct option is **b**", "B"),
        ("The answer is iron (B).", "B"),
        ("Option B is correct.", "B"),
        ("(A) is wrong because gold is soft. (B) is correct.", "B"),
        ("First the answer is A. Wait, the answer is D.", "D"),
        ("The answer is not A, the answer is B", "B"),
        ("A) gold is wrong.\nB) iron is right.\n\nB", "B"),
        ("The answer is A because gold is heavy", "A"),
        ("The answer is (X)", None),
        ("The answer is E", None),
        ("The answer is (A) or (B)", None),
        ("The answer is both A and B", None),
        ("The answer is A metal.", None),
        ("The answer is a metal", None),
        ("The answer is iron.", None),
        ("(A) gold\n(B) iron\n(C) tin\n(D) lead", None),
        ("Option A: gold\nOption B: iron", None),
        ("A dog barks.", None),
        ("", None),
    ],
)
def test_the_letter_is_found_and_never_guessed(response: str, letter: str | None) -> None:
    assert find_letter(response, "ABCD") == letter


def test_the_options_of_the_question_say_which_letters_count() -> None:
    assert option_letters(OPTIONS) == "ABCD"
    assert option_letters("Which?\nA. x\nB. y") == "AB"
    assert grade(question("B", "choice", OPTIONS), "The answer is (B).") == Grade(1.0, "B")
    assert grade(question("B", "choice", OPTIONS), "The answer is (C).") == Grade(0.0, "C")


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    assert find_letter(text, "ABCD") in {*"ABCD", None}
    for read in (find_number, find_program, boxed, stated):
        read(text)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"check": "words", "min": 3, "max": 3}, "one two - three", "one two"),
        ({"check": "sentences", "min": 2, "max": 2}, "It rains. Stay in!", "It rains 3.5 mm."),
        ({"check": "lines", "min": 2, "max": 2}, "a\n\nb", "a"),
        ({"check": "paragraphs", "min": 2, "max": 2}, "a\nb\n\nc", "a\nb"),
        ({"check": "bullets", "min": 2, "max": 2}, "- a\n* b", "a\n-b"),
        ({"check": "numbered", "min": 2, "max": 2}, "1. a\n2) b", "1 a\n2 b"),
        ({"check": "frequency", "word": "sun", "min": 2}, "Sun, sun", "sun sunny"),
        ({"check": "lowercase"}, "only small.", "Not small."),
        ({"check": "uppercase"}, "ALL BIG 3!", "ALL BIg"),
        ({"check": "include", "words": ["red", "blue"]}, "Blue and red", "blue and reddish"),
        ({"check": "exclude", "words": ["red"]}, "Reddish", "it is RED."),
        ({"check": "without", "characters": ",;"}, "a b", "a, b"),
        ({"check": "starts_with", "text": "My tip:"}, "My tip: x", "my tip: x"),
        ({"check": "ends_with", "text": "Bye."}, "So. Bye.", "So. Bye"),
        ({"check": "matches", "pattern": "yes|no"}, "yes", "yes!"),
        ({"check": "quoted"}, '"a"', '"a" b'),
        ({"check": "json", "keys": ["a"]}, '```json\n{"a": 1}\n```', '{"a": 1, "b": 2}'),
    ],
)
def test_a_check_holds_or_not(check: dict[str, Any], good: str, bad: str) -> None:
    assert grade(question([check], "instruction"), f" {good}\n").correct == 1.0
    result = grade(question([check], "instruction"), bad)
    assert result.correct == 0.0 and result.note.startswith("does not hold")


def test_an_instruction_is_followed_only_if_all_checks_hold() -> None:
    both = question([{"check": "lowercase"}, {"check": "words", "max": 2}], "instruction")
    assert grade(both, "two words").correct == 1.0
    assert grade(both, "three small words").correct == 0.0
    assert grade(both, "   ").answer is None
    assert INSTRUCTION.accepts(both)


@pytest.mark.parametrize(
    ("label", "grader"),
    [
        ("many", "number"),
        (7, "number"),
        ("", "math"),
        ("E", "choice"),
        ("AB", "choice"),
        (["assert ("], "code"),
        ([], "code"),
        ("assert True", "code"),
        ({"asserts": ["assert True"], "stdin": "x"}, "code"),
        ([], "instruction"),
        ([{"check": "rhymes"}], "instruction"),
        ([{"check": "words", "most": 3}], "instruction"),
        ("x", "taste"),
        ("x", ""),
    ],
)
def test_an_unusable_label_is_named(label: Any, grader: str) -> None:
    with pytest.raises(GradingError, match=r"'q-1': expected .*; got "):
        check_label(question(label, grader, OPTIONS))


def test_the_task_names_the_grader_when_the_question_does_not() -> None:
    assert grade(Question(id="q", text="?", label="2x", task="math"), "$x+x$").correct == 1.0
    assert set(GRADERS) == {"number", "math", "choice", "code", "instruction"}
