"""Asserts as labels: which of them a program's own names could satisfy."""

import json
import os
from pathlib import Path

import pytest

from smacs.errors import GradingError
from smacs.store.graders import check_label
from smacs.store.graders.shared.asserts import take_apart
from smacs.store.records import Question

MBPP = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "benchmarks" / "mbpp.jsonl"
PAIR = "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b"


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("f(1) == x", "both sides"),
        ("x == f(1)", "both sides"),
        ("f(1) == g(1)", "both sides"),
        ("f(1) == f(2)", "both sides"),
        ("f(1) == [x, 2]", "both sides"),
        ("f(1) in x", "both sides"),
        ("Pair(1, 2) == f(1)", "both sides"),
        ("f(1) == 2 and f(2) == EXPECTED", "both sides"),
        ("abs(f(1) - g(1)) < 0.1", "both sides"),
        ("math.isclose(f(1), g(1))", "both sides"),
        ("x", "a name of its own"),
        ("config.ok", "a name of its own"),
        ("check(f, 3)", "only the program defines"),
        ("check(f, 3) == True", "only the program defines"),
        ("set_eq(f(2), {1, 2})", "only the program defines"),
        ("not differs(f(2), 4)", "only the program defines"),
        ("np.allclose(f(2), [4])", "only the program defines"),
        ("distance(f(2), 4) < 0.1", "only the program defines"),
        ("f(3).equals(6)", "a method of what the program returns"),
        ("f(3).__eq__(6)", "a method of what the program returns"),
        ("f(3).__eq__(6) == True", "a method of what the program returns"),
        ("isinstance(f(2), int)", "types alone"),
        ("type(f(2)) == int", "types alone"),
        ("isinstance(f(2), Shape)", "is an argument"),
        ("isinstance(r, int)", "is an argument"),
        ("1 == 1", "asks nothing"),
    ],
)
def test_a_label_that_the_programs_own_names_could_satisfy_is_refused(test: str, reason: str) -> None:
    question = Question(id="q", text="?", label=[f"assert {test}"], grader="code")
    with pytest.raises(GradingError, match=reason):
        check_label(question)


@pytest.mark.parametrize(
    ("test", "setup"),
    [
        ("f(1) == 2", ""),
        ("f(f(1)) == 2", ""),
        ("f(g(2)) == 8", ""),
        ("is_even(2)", ""),
        ("is_even(3) == False", ""),
        ("not f(2)", ""),
        ("f(2) in (1, 2)", ""),
        ("f(2).x == 5", ""),
        ("longest([Pair(5, 24), Pair(15, 25)], 2) == 2", ""),
        ("Trie(['a']).search('a')", ""),
        ("sorted(f(2)) == [1, 2]", ""),
        ("math.isclose(area(2), 12.57, rel_tol=0.01)", ""),
        ("isclose(area(2), 12.57)", "from math import isclose"),
        ("set_eq(f(2), {1, 2})", "def set_eq(a, b):\n    return set(a) == set(b)"),
        ("f(1) == EXPECTED", "EXPECTED = 4"),
        ("sum(10, 15) == 6", ""),
    ],
)
def test_a_label_that_says_what_is_right_is_taken(test: str, setup: str) -> None:
    check_label(Question(id="q", text="?", label={"asserts": [f"assert {test}"], "setup": setup}, grader="code"))


def test_a_type_may_stand_beside_a_value() -> None:
    check_label(
        Question(id="q", text="?", label=["assert isinstance(f(2), list)", "assert f(2) == [1]"], grader="code")
    )


def test_a_module_of_python_is_not_the_programs() -> None:
    taken = take_apart(["assert math.isclose(area(2), 12.57)"], "")
    assert (taken.calls, taken.modules) == (["area(2)"], ["math"])
    assert take_apart(["assert math.isclose(area(2), 12.57)"], "import math").modules == []


@pytest.mark.parametrize(
    "text", ["f(1)\x00", "assert f(", "assert " + "-" * 100_000 + "f(1) == 1", "import os", "", "x = 1"]
)
def test_what_is_no_assert_is_refused(text: str) -> None:
    with pytest.raises(GradingError):
        check_label(Question(id="q", text="?", label=[text], grader="code"))


@pytest.mark.slow
@pytest.mark.skipif(not MBPP.exists(), reason=f"MBPP is not at {MBPP}")
def test_every_label_of_mbpp_is_taken() -> None:
    rows = [json.loads(line) for line in MBPP.read_text().splitlines()]
    taken = [take_apart(row["test_list"], row["test_setup_code"].replace("\r\n", "\n")) for row in rows]
    assert len(taken) == 974 and all(len(one.asserts) >= 1 for one in taken)
