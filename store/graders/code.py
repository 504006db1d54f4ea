"""Grader of Python programs: runs the program and the label's asserts in the sandbox, and nowhere else."""

import re
import secrets
from typing import Any

import msgspec

from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.sandbox import run_python
from smacs.store.records import Question

_FENCE = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_DEFINES = re.compile(r"^\s*(?:async\s+def|def|class)\s", re.MULTILINE)

# The token shows that the asserts were reached: a program that leaves early ends with status 0 too.
_HARNESS = """\
import sys, types
solution = types.ModuleType("solution")
sys.modules["solution"] = solution
exec(compile({setup}, "setup.py", "exec"), solution.__dict__)
exec(compile({program}, "solution.py", "exec"), solution.__dict__)
for check in {asserts}:
    try:
        exec(compile(check, "assert.py", "exec"), solution.__dict__)
    except Exception as error:
        sys.exit(f"{{check}}: {{type(error).__name__}} {{error}}".strip())
sys.__stdout__.write({token} + "\\n")
sys.__stdout__.flush()
"""


class CodeLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The asserts that a program must pass; `setup` runs before the program."""

    asserts: list[str]
    setup: str = ""


def find_program(response: str) -> str | None:
    """The last fenced block that defines something, else the last one (Python first), else a bare program."""
    fences: list[tuple[str, str]] = _FENCE.findall(response)
    python = [body for language, body in fences if language.lower() in ("python", "py", "python3")]
    bodies = python or [body for _, body in fences]
    defining = [body for body in bodies if _DEFINES.search(body)]
    if bodies:
        return (defining or bodies)[-1]
    return response if _DEFINES.search(response) else None


def _label(value: Any) -> CodeLabel:
    return msgspec.convert({"asserts": value} if isinstance(value, list) else value, CodeLabel)


def _grade(question: Question, response: str) -> Grade:
    program = find_program(response)
    if program is None:
        return NO_ANSWER
    label, token = _label(question.label), secrets.token_hex(16)
    parts = {"setup": label.setup, "program": program, "asserts": label.asserts, "token": token}
    result = run_python(_HARNESS.format(**{name: repr(part) for name, part in parts.items()}))
    passed = result.ok and result.stdout.endswith(token + "\n")
    note = "" if passed else result.reason or "the program ended before the asserts"
    return Grade(float(passed), program, note)


def _accepts(question: Question) -> bool:
    try:
        label = _label(question.label)
        compile("\n".join([label.setup, *label.asserts]), "label", "exec")
    except (msgspec.ValidationError, SyntaxError, ValueError):
        return False
    return bool(label.asserts)


CODE = Grader(_grade, _accepts, 'a list of asserts, or {"asserts": [...], "setup": "..."}')
