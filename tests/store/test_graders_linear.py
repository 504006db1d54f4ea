"""Readers of replies take time in proportion to the reply, whatever is in it.

Each reads 500,000 characters of a trap: minutes or hours where time grows with the square of the length.
"""

import subprocess
import sys

import pytest

from smacs.store.graders import grade
from smacs.store.records import Question

READERS = """
from smacs.nodes.shared.extract import final_expression
from smacs.store.create.labels import final
from smacs.store.graders.checks import Bullets, Frequency, Include, Json, Numbered, Paragraphs, Sentences, Words
from smacs.store.graders.choice import find_letter, shown_letters
from smacs.store.graders.final import boxed, stated
from smacs.store.graders.math import undecided
from smacs.store.graders.number import find_number
from smacs.store.graders.program import find_program, find_script
from smacs.store.imports.formats._evalscope_review import split_options
from smacs.store.imports.formats._evalscope_review import _turns
readers = [
    find_program, find_script, lambda text: find_letter(text, "ABCD"), shown_letters, boxed, stated, find_number,
    final_expression, final, undecided, Sentences().count, Words().count, Numbered().count, Bullets().count,
    Paragraphs().count, Json(keys=["a"]).holds, Include(words=["a b"]).holds, Frequency(word="a" * 400).count,
    split_options, lambda text: list(_turns(text)),
]
"""
TRAPS = [
    ("```", "a"), ("```", " "), ("", "```x\n"), ("", "``` "), ("", " "), ("", "\n"), ("", "\n "), ("", "\n- "),
    ("", "answer is "), ("answer is a", "a"), ("answer", "*"), ("", "(A) "), ("", "**A"), ("", "A or "), ("A", "*"),
    ("", "\\boxed{"), ("", "{"), ("", "\\text{"), ("", "\\frac{1"), ("", "1"), ("", "1,"), ("1", " "), ("", "1 or "),
    ("", "3 a a a "), ("", "-"), ("", "."), ("", "!?"), ("", "async "), ("", "Question "), ("", "\n总"), ("a", "A) "),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
def test_a_long_reply_is_read_in_proportion(trap: tuple[str, str]) -> None:
    start, unit = trap
    run = f"{READERS}\ntext = {start!r} + {unit!r} * {500_000 // len(unit)}\nfor read in readers:\n    read(text)"
    subprocess.run([sys.executable, "-c", run], check=True, timeout=240)


@pytest.mark.slow
def test_a_pattern_of_a_label_that_takes_for_ever_is_given_up() -> None:
    question = Question(id="q", text="?", label=[{"check": "matches", "pattern": "(a+)+$"}], grader="instruction")
    assert grade(question, "a" * 60 + "b").correct == 0.0
    assert grade(question, "aaa").correct == 1.0  # the next one finds a new worker
