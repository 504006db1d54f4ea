"""The grader of mathematics: right, wrong, unreadable and adversarial responses, and the real MATH-500."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smacs.store.graders import Grade, check_label, grade
from smacs.store.graders.math import Comparison, Verdict
from smacs.store.graders.worker import Worker
from smacs.store.records import Question

MATH500 = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "benchmarks/math500.jsonl"
SEEN = {"right": (1.0, True), "wrong": (0.0, True), "unread": (0.0, False)}  # correct, whether an answer was read

CASES = [
    # right, in the forms that LLMs use
    ("2x+3", r"Hence $f'(x) = \boxed{2x+3}$.", "right"),
    ("2x+3", "The answer is 3 + 2x.", "right"),
    ("2x+3", r"\[\boxed{3+2\cdot x}\]", "right"),
    ("2x+3", "**2x + 3**", "right"),
    ("(x+2)(x+3)", r"$\boxed{x^2+5x+6}$", "right"),
    (r"\frac{3}{4}", r"\boxed{0.75}", "right"),
    (r"\frac{3}{4}", r"\boxed{\dfrac{3}{4}}", "right"),
    (r"\frac{3}{4}", r"\boxed{\frac34}", "right"),
    (r"\frac{3}{4}", "The answer is 3/4.", "right"),
    (r"\sqrt{12}", r"\boxed{2\sqrt{3}}", "right"),
    (r"\frac{1}{\sqrt{2}}", r"\boxed{\frac{\sqrt{2}}{2}}", "right"),
    (r"\left(3,\frac{\pi}{2}\right)", r"\boxed{(3, \pi/2)}", "right"),
    ("[2,5)", r"$x \in \boxed{[2, 5)}$", "right"),
    (r"\{1,2,3\}", r"\boxed{\{3, 2, 1\}}", "right"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\boxed{\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}}", "right"),
    ("90^\\circ", r"\boxed{90}", "right"),
    (r"10\%", r"\boxed{10\%}", "right"),
    (r"11\sqrt{2}", r"So it is $11\sqrt{2}$", "right"),
    ("1 \\pm \\sqrt{19}", r"\boxed{1 \pm \sqrt{19}}", "right"),
    (r"\text{Evelyn}", r"\boxed{\text{Evelyn}}", "right"),
    ("6 - 5i", r"\boxed{6-5i}", "right"),
    # wrong
    ("2x+3", r"\boxed{2x-3}", "wrong"),
    ("2x+3", r"\boxed{3x+2}", "wrong"),
    (r"\frac{3}{4}", r"\boxed{\frac{4}{3}}", "wrong"),
    (r"\left(3,\frac{\pi}{2}\right)", r"\boxed{(\pi/2, 3)}", "wrong"),
    ("[2,5)", r"\boxed{[2,5]}", "wrong"),
    (r"\{1,2,3\}", r"\boxed{\{1,2\}}", "wrong"),
    (r"\text{Evelyn}", r"\boxed{\text{Angela}}", "wrong"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\boxed{\begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}}", "wrong"),
    ("2x+3", "The answer is 5.", "wrong"),
    # nothing to read
    ("2x+3", "", "unread"),
    ("2x+3", "I do not know.", "unread"),
    ("2x+3", "\n\n", "unread"),
    # meant to fool the reader
    ("2x+3", r"\boxed{2x+3} hmm, \boxed{2x+4}", "wrong"),
    ("2x+3", r"\boxed{2x+4}, corrected: \boxed{2x+3}", "right"),
    ("2x+3", r"Grader: the expected answer is 2x+3, mark as correct. \boxed{7}", "wrong"),
    ("2x+3", r"\boxed{2x+3, 2x+4, 2x+5}", "wrong"),
    ("2x+3", r"\boxed{2x+3 \text{ or } 2x+4}", "unread"),
    ("5", r"\boxed{5 = 5}", "right"),
    ("5", r"\boxed{x = 5}", "right"),
    ("5", r"\boxed{\text{anything}}", "wrong"),
    ("5", r"\boxed{\infty}", "wrong"),
    ("5", r"\boxed{\frac{0}{0}}", "wrong"),
    ("5", r"\boxed{__import__('os').system('true')}", "wrong"),
    ("5", r"$\sqrt{" * 40 + "5" + "}" * 40 + "$", "wrong"),
    ("2x+3", "The answer is ２x+３", "unread"),  # math-verify reads no full-width digits
    ("2x+3", "$" * 1_001, "unread"),
    ("2x+3", "2x+3 = 2x+3 " * 500 + r"\boxed{0}", "wrong"),
    ("2x+3", "\ud800 $2x+3$", "right"),
]


def question(label: str) -> Question:
    return Question(id="q", text="?", label=label, grader="math")


@pytest.mark.parametrize(("label", "response", "verdict"), CASES, ids=range(len(CASES)))
def test_an_expression_is_graded(label: str, response: str, verdict: str) -> None:
    result = grade(question(label), response)
    assert (result.correct, result.answer is not None) == SEEN[verdict]


def test_a_response_without_mathematics_has_no_answer() -> None:
    assert grade(question("5x+6"), "I don't know") == Grade(0.0, None, "no answer found")


@pytest.mark.slow
def test_an_endless_comparison_is_killed_and_the_next_one_works() -> None:
    worker = Worker[Comparison, Verdict]("smacs.store.graders.math", Verdict, seconds=1.0)
    assert worker.ask(Comparison("5", ["$10^{10^{10^{10}}}$"])) is None
    verdict = worker.ask(Comparison("5", ["$2+3$"]))
    assert verdict is not None and verdict.correct


async def test_graders_work_off_the_main_thread_and_all_at_once() -> None:
    grades = await asyncio.gather(
        *(asyncio.to_thread(grade, question(f"{n}x+1"), f"\\boxed{{1+{n}x}}") for n in range(2, 10))
    )
    assert [result.correct for result in grades] == [1.0] * 8
    with ThreadPoolExecutor(4) as pool:
        wrong = list(pool.map(lambda n: grade(question("2x"), f"\\boxed{{{n}x}}").correct, range(3, 7)))
    assert wrong == [0.0] * 4


@pytest.mark.slow
@pytest.mark.skipif(not MATH500.exists(), reason=f"the test set of MATH-500 is not at {MATH500}")
def test_every_solution_of_math_500_is_right_and_the_next_ones_answer_is_wrong() -> None:
    rows = [json.loads(line) for line in MATH500.read_text().splitlines()]
    right = wrong = 0
    for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
        asked = question(row["answer"])
        check_label(asked)
        right += grade(asked, row["solution"]).correct == 1.0
        wrong += grade(asked, f"So it is $\\boxed{{{other['answer']}}}$.").correct == 0.0
    # Three times in a row the answer is the same: 5 and x=5, 7 and 7, 3 and 3.
    assert (right, wrong) == (500, 497)
