"""Grader of LiveCodeBench (Jain et al. 2024, arXiv:2403.07974): a program must give the output of every case.

Label: `{"kind": "stdin", "cases": [{"input": "1 2", "output": "3"}, ...]}` for a program that reads and prints, or
`{"kind": "functional", "function": "add", "cases": [{"input": "1\\n2", "output": "3"}]}` for a function, or a method of
a class Solution: one argument a line, as JSON, and its value as JSON. Each case runs in a sandbox of its own, which
holds the input and not the output.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from smacs.store.graders.sandbox import no_programs, run_python
from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.shared.responses import find_program, find_script
from smacs.store.records import Question

SECONDS = 6.0  # a case, as in the official runner
MEMORY = 1024  # MB
_ROOM = 1 << 16  # bytes that may be printed beyond twice the expected output

# Programs are written for the official runner, which imports these before them.
_MODULES = (
    "string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json"
)
_IMPORTS = "\n".join(
    [f"from {name} import *" for name in (*_MODULES.split(), "builtins", "typing")]
    + [f"import {name}" for name in _MODULES.split()]
    + ["sys.setrecursionlimit(50000)"]
)
_STDIN = (
    _IMPORTS
    + """
try:
    exec(compile({program}, "solution.py", "exec"))
except SystemExit:
    pass
"""
)
# What the program prints goes nowhere: the standard output is kept for the value.
_FUNCTIONAL = (
    """
import json as _json, os as _os, sys as _sys
_result = _os.fdopen(_os.dup(1), "w")
_os.dup2(_os.open("/dev/null", _os.O_WRONLY), 1)
_arguments = [_json.loads(line) for line in _sys.stdin if line.strip()]
"""
    + _IMPORTS
    + """
exec(compile({program}, "solution.py", "exec"))
_owner = Solution() if "Solution" in globals() else _sys.modules["__main__"]
_json.dump(getattr(_owner, {function})(*_arguments), _result)
_result.flush()
"""
)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program is given, and what it must give."""

    input: str
    output: str


class ProblemLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label."""

    kind: Literal["stdin", "functional"]
    cases: list[Case]
    function: str = ""


def same_output(printed: str, expected: str) -> bool:
    """The official comparison: line by line, white space around a line aside; else numbers by their value."""
    lines, wanted = (text.strip().split("\n") for text in (printed, expected))
    return len(lines) == len(wanted) and all(map(_same_line, lines, wanted))


def _same_line(line: str, wanted: str) -> bool:
    if line.strip() == wanted.strip():
        return True
    try:
        left, right = ([Decimal(word) for word in text.split()] for text in (line, wanted))
        return left == right
    except InvalidOperation:
        return False


def same_value(printed: str, expected: str) -> bool:
    """Whether two texts are JSON of equal values."""
    try:
        return bool(json.loads(printed) == json.loads(expected))
    except (ValueError, RecursionError):
        return False


def _grade(question: Question, response: str) -> Grade:
    problem = _problem(question.label)
    program = find_script(response) if problem.kind == "stdin" else find_program(response)
    if program is None:
        return NO_ANSWER
    harness = _STDIN if problem.kind == "stdin" else _FUNCTIONAL
    source = harness.format(program=repr(program), function=repr(problem.function))
    for number, case in enumerate(problem.cases, 1):
        if reason := _why_wrong(source, case, problem.kind):
            return Grade(0.0, program, f"case {number} of {len(problem.cases)}: {reason}")
    return Grade(1.0, program)


def _why_wrong(source: str, case: Case, kind: str) -> str:
    room = 2 * len(case.output.encode()) + _ROOM
    result = run_python(source, stdin=case.input, seconds=SECONDS, memory_mb=MEMORY, output_bytes=room)
    if not result.ok:
        return result.reason
    same = same_output if kind == "stdin" else same_value
    if same(result.stdout, case.output):
        return ""
    return f"expected {case.output.strip()[:100]!r}, got {result.stdout.strip()[:100]!r}"


def _problem(label: Any) -> ProblemLabel:
    return msgspec.convert(label, ProblemLabel)


def _refuses(question: Question) -> str | None:
    try:
        problem = _problem(question.label)
        if problem.kind == "functional":
            _ = [json.loads(line) for case in problem.cases for line in (*case.input.splitlines(), case.output) if line]
    except (msgspec.ValidationError, ValueError, RecursionError):
        return ""
    fits = bool(problem.cases) and problem.function.isidentifier() == (problem.kind == "functional")
    return None if fits else ""


GRADER = Grader(
    "livecodebench",
    _grade,
    _refuses,
    '{"kind": "stdin", "cases": [{"input": "...", "output": "..."}]}, or kind "functional" with a "function"',
    no_programs,
)
