"""The grader of LiveCodeBench: programs that read and print, and functions; right, wrong, unreadable, adversarial."""

import pytest

from smacs.store.graders import grade
from smacs.store.graders.livecodebench import same_output, same_value
from smacs.store.graders.sandbox import sandbox_available
from smacs.store.records import Question

works = pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available()))
CASES = [{"input": "3\n1 2 3\n", "output": "6\n"}, {"input": "1\n5", "output": "5"}]
SUM = Question(id="sum", text="?", label={"kind": "stdin", "cases": CASES}, grader="livecodebench")
LABEL = {"kind": "functional", "function": "add", "cases": [{"input": "[1, 2]\n3", "output": "[4, 5]"}]}
ADD = Question(id="add", text="?", label=LABEL, grader="livecodebench")


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("6", "6\n", True),
        ("  6 \n\n", "6", True),
        ("1 2\n3", "1 2 \n 3\n", True),
        ("6.0", "6", True),
        ("1.50 2", "1.5 2.0", True),
        ("1  2", "1 2", True),
        ("YES", "Yes", False),
        ("a  b", "a b", False),
        ("6\n7", "6", False),
        ("1\n\n2", "1\n2", False),
        ("0.30000000000000004", "0.3", False),
        ("50000000000000001", "50000000000000000", False),
        ("", "6", False),
        ("nan", "nan", True),
        ("sNaN 1", "1 1", False),
        ("1e999999999", "1", False),
        ("６", "6", True),  # Decimal reads full-width digits, as in the official comparison
    ],
)
def test_outputs_are_compared_line_by_line(printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, expected) == same


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("[4, 5]", "[4,5]", True),
        ("4.0", "4", True),
        ('"a"', '"a"', True),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ("[5, 4]", "[4, 5]", False),
        ("0.1", "0.2", False),
        ("", "4", False),
        ("[" * 100_000, "4", False),
        ("1" * 5_000, "4", False),
        ("4 4", "4", False),
    ],
)
def test_values_are_compared_as_json(printed: str, expected: str, same: bool) -> None:
    assert same_value(printed, expected) == same


@works
def test_each_case_is_run_and_the_first_wrong_one_is_named() -> None:
    right = "```python\nn = int(input())\nprint(sum(map(int, input().split())))\n```"
    assert grade(SUM, right).correct == 1.0
    note = grade(SUM, "```python\nprint(6)\n```").note
    assert note == "case 2 of 2: expected '5', got '6'"


STDIN = [
    ("import sys\ndata = sys.stdin.read().split()\nprint(sum(map(int, data[1:])))", True),
    (
        "def main():\n    input()\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()",
        True,
    ),
    ("n = int(input())\nprint(float(sum(map(int, input().split()))), '\\n')", True),
    ("n, *rest = map(int, open(0).read().split())\nprint(sum(rest))\nexit(1)", True),
    ("input()\nprint(reduce(add, map(int, sys.stdin.readline().split())))", True),  # the official imports
    ("input()\nx: List[int] = list(map(int, input().split()))\nprint(sum(x))", True),
    ("input()\nprint(max(map(int, input().split())))", False),
    ("print(sum(map(int, input().split())))", False),
    ("raise ValueError", False),
    ("while True: pass", False),
    ("print(6) print(5)", False),
    ("import os\nos._exit(0)", False),
    ("exit(0)", False),
    ("print('6\\n5')", False),
    ("print('correct: 1.0')", False),
    ("while True: print('6' * 10_000)", False),
    ("import os\nprint(open('/job/stdin').read())", False),
    ("print(open('/job/program.py').read())", False),
    ("import sys\nprint([f for f in sys._current_frames().values()])", False),
    ("import builtins\nbuiltins.print = lambda *a: None\nprint(6)", False),
]
FUNCTIONS = [
    (
        "class Solution:\n    def add(self, xs: List[int], y: int) -> List[int]:\n        return [x + y for x in xs]",
        True,
    ),
    ("def add(xs, y):\n    print('debug')\n    return tuple(x + y for x in xs)", True),
    ("def add(xs, y):\n    return [float(x + y) for x in xs]", True),
    ("class Solution:\n    pass\ndef plus(xs, y):\n    return [4, 5]", False),
    ("def add(xs, y):\n    return [x - y for x in xs]", False),
    ("def add(xs, y):\n    return {4, 5}", False),
    ("def add(xs, y):\n    return '[4, 5]'", False),
    ("def add(xs):\n    return xs", False),
    ("class A(list):\n    __eq__ = lambda *a: True\ndef add(xs, y):\n    return A()", False),
    ("class A(list):\n    __len__ = lambda *a: 2\ndef add(xs, y):\n    return A()", False),
    ("import json\njson.dump = lambda *a: None\ndef add(xs, y):\n    return 7", False),
    ("import sys\ndef add(xs, y):\n    return sorted(sys._getframe(1).f_globals, key=str)", False),
    ("import os\ndef add(xs, y):\n    os.write(1, b'[4, 5]')\n    os._exit(0)", False),
    ("def add(xs, y):\n    exit()", False),
    ("def add(xs, y):\n    xs.append(xs)\n    return xs", False),
]


@pytest.mark.slow
@works
@pytest.mark.parametrize(("program", "right"), STDIN, ids=range(len(STDIN)))
def test_a_program_that_reads_and_prints(program: str, right: bool) -> None:
    result = grade(SUM, f"My program:\n```python\n{program}\n```\nIt prints the sum.")
    assert result.correct == float(right) and bool(result.note) != right and result.answer is not None


@pytest.mark.slow
@works
@pytest.mark.parametrize(("program", "right"), FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_a_function_or_a_method(program: str, right: bool) -> None:
    result = grade(ADD, f"```python\n{program}\n```")
    assert result.correct == float(right) and bool(result.note) != right and result.answer is not None


@pytest.mark.parametrize("response", ["", "Add them up.", "print(6)", "I refuse.", "the answer is 6"])
def test_a_response_without_a_program_has_no_answer(response: str) -> None:
    assert grade(SUM, response).answer is None
    assert grade(ADD, response).answer is None
