"""Grader of Python programs: what the label's asserts call is run in the sandbox, and nowhere else.

The values that come back are compared in a second sandbox, which the program never enters: it sees neither the
expected values nor the comparison, so it passes by returning what is right, not by overriding `==` or leaving early.
"""

from typing import Any

import msgspec

from smacs.store.graders.sandbox import no_programs, run_python
from smacs.store.graders.shared.asserts import VALUES, AssertParts, take_apart
from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.shared.responses import find_program
from smacs.store.records import Question

# Values travel as the text of plain Python values; what the program prints goes nowhere.
_CALLS = """\
import json, os, sys, types
results = os.fdopen(os.dup(1), "w")
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
sys.set_int_max_str_digits(0)
solution = types.ModuleType("solution")
sys.modules["solution"] = solution
def plain(value):
    if isinstance(value, dict):
        return {{plain(key): plain(item) for key, item in value.items()}}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(map(plain, value))
    return next((kind(value) for kind in (bool, int, float, str, bytes) if isinstance(value, kind)), value)
setup = compile({setup}, "setup.py", "exec")
try:
    exec(setup, solution.__dict__)
    late = False
except NameError:
    late = True
exec(compile({program}, "solution.py", "exec"), solution.__dict__)
if late:
    exec(setup, solution.__dict__)
texts = []
for call in {calls}:
    try:
        texts.append(repr(plain(eval(compile(call, "call.py", "eval"), solution.__dict__))))
    except Exception as error:
        sys.exit(f"{{call}}: {{type(error).__name__}} {{error}}".strip())
json.dump(texts, results)
results.flush()
"""

# The texts come from the program: they are read as data, and no name in them but these is looked up.
_ASSERTS = """\
import ast, sys
from collections import deque
from decimal import Decimal
from fractions import Fraction
sys.set_int_max_str_digits(0)
names = dict(set=set, frozenset=frozenset, range=range, deque=deque, Decimal=Decimal, Fraction=Fraction)
names |= dict(nan=float("nan"), inf=float("inf"), __builtins__={{}})
kinds = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Name, ast.Load)
kinds += (ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Call, ast.keyword)
def read(text):
    try:
        tree = ast.parse(text, mode="eval")
        assert all(isinstance(node, kinds) for node in ast.walk(tree))
        return eval(compile(tree, "value.py", "eval"), names)
    except Exception:
        sys.exit(f"a value that cannot be compared: {{text[:100]}}")
namespace = {{{name!r}: [read(text) for text in {texts}]}}
exec(compile({setup}, "setup.py", "exec"), namespace)
for check, rewritten in {asserts}:
    try:
        exec(compile(rewritten, "assert.py", "exec"), namespace)
    except Exception as error:
        sys.exit(f"{{check}}: {{type(error).__name__}} {{error}}".strip())
"""


class CodeLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The asserts that a program must pass; `setup` runs before the program, or after it where it uses its names."""

    asserts: list[str]
    setup: str = ""


def _grade(question: Question, response: str) -> Grade:
    program = find_program(response)
    if program is None:
        return NO_ANSWER
    label = _label(question.label)
    reason = _why_wrong(program, label.setup, take_apart(label.asserts, label.setup))
    return Grade(float(not reason), program, reason)


def _why_wrong(program: str, setup: str, parts: AssertParts) -> str:
    called = run_python(_CALLS.format(setup=repr(setup), program=repr(program), calls=repr(parts.calls)))
    if not called.ok:
        return called.reason
    try:
        texts = msgspec.json.decode(called.stdout, type=list[str])
    except (msgspec.DecodeError, UnicodeError):
        return "the program ended before its functions were called"
    if len(texts) != len(parts.calls):
        return "the program gave other values than were asked for"
    imports = "".join(f"import {name}\n" for name in parts.modules)
    fields = {"texts": texts, "setup": imports + (setup if parts.uses_setup else ""), "asserts": parts.asserts}
    compared = run_python(_ASSERTS.format(name=VALUES, **{name: repr(value) for name, value in fields.items()}))
    return compared.reason


def _label(value: Any) -> CodeLabel:
    return msgspec.convert({"asserts": value} if isinstance(value, list) else value, CodeLabel)


def _refuses(question: Question) -> str | None:
    try:
        label = _label(question.label)
        take_apart(label.asserts, label.setup)
    except msgspec.ValidationError:
        return ""
    except ValueError as error:
        return str(error)
    return None


GRADER = Grader(
    "code", _grade, _refuses, 'a list of assert statements, or {"asserts": [...], "setup": "..."}', no_programs
)
