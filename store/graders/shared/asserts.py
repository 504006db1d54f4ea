"""Takes asserts apart: what the program computes, and what is then compared where the program is not.

`assert math.isclose(area(2), 12.57)` becomes the call `area(2)` and `assert math.isclose(_values[0], 12.57)`. Asserts
that the program's own names could satisfy are refused: `assert f(1) == x` where nobody but the program defines x.
"""

import ast
import builtins
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

VALUES = "_values"


@dataclass(frozen=True, slots=True)
class AssertParts:
    """`calls` are expressions for the program's namespace, `asserts` pairs of an assert and its form over values.

    `modules` are those of Python that the forms use and no setup imports; `uses_setup` says whether they need what it
    defines.
    """

    calls: list[str]
    asserts: list[tuple[str, str]]
    uses_setup: bool
    modules: list[str]


def take_apart(asserts: list[str], setup: str) -> AssertParts:
    """Raises ValueError, with the reason, for what is no assert, or is for the program to decide."""
    tests = [(text, statement) for text in asserts for statement in _parsed(text)]
    if not tests or not all(isinstance(statement, ast.Assert) for _, statement in tests):
        raise ValueError("expected assert statements")
    given = {name for statement in _parsed(setup) for name in _bound(statement)}
    modules = {name for _, statement in tests for name in _modules(statement)} - given
    names = _program_names([statement for _, statement in tests], given | modules)
    taker = _Taker(names)
    rewritten = [(text, taker.take(statement)) for text, statement in tests]
    _check(taker, [statement for _, statement in rewritten])
    loaded = {name for _, statement in rewritten for name in _loaded(statement)}
    forms = [(text, ast.unparse(statement)) for text, statement in rewritten]
    return AssertParts(
        [ast.unparse(call) for call in taker.calls], forms, bool(loaded & given), sorted(loaded & modules)
    )


def _parsed(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{error}: {text[:60]!r} is no Python") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"{text[:60]!r} is nested too deeply") from error


def _modules(statement: ast.stmt) -> set[str]:
    """Modules of Python in an assert: `math` in `math.pi`."""
    roots = (node.value for node in ast.walk(statement) if isinstance(node, ast.Attribute))
    return {root.id for root in roots if isinstance(root, ast.Name) and root.id in sys.stdlib_module_names}


@dataclass
class _Taker(ast.NodeTransformer):
    names: set[str]
    calls: list[ast.expr] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)

    def take(self, statement: ast.stmt) -> ast.stmt:
        self.bound = _bound(statement)
        taken = self.visit(statement)
        assert isinstance(taken, ast.stmt)
        return ast.fix_missing_locations(taken)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and _root(node) in self.names - self.bound:
            return self._replace(node)
        if isinstance(node, ast.Call) and any(isinstance(a, ast.Name) and a.id in self.names for a in node.args):
            raise ValueError(f"the program's function is an argument in {ast.unparse(node)!r}")
        return self.generic_visit(node)

    def _replace(self, node: ast.expr) -> ast.expr:
        if self.bound & _loaded(node):
            raise ValueError(f"{ast.unparse(node)!r} uses a variable of its assert")
        self.calls.append(node)
        return ast.parse(f"{VALUES}[{len(self.calls) - 1}]", mode="eval").body


def _program_names(asserts: list[ast.stmt], given: set[str]) -> set[str]:
    """The names that only the program can define; else what the first assert calls: programs may shadow `sum`."""
    loaded = {name for statement in asserts for name in _loaded(statement) - _bound(statement)}
    calls = (_root(node) for node in ast.walk(asserts[0]) if isinstance(node, ast.Call)) if asserts else iter(())
    first = next((name for name in calls if name), None)
    return loaded - given - set(dir(builtins)) or {first or ""}


def _root(node: ast.AST) -> str | None:
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return None
    return node.id


def _loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _bound(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.split(".")[0])
    return names


def _check(taker: _Taker, statements: list[ast.stmt]) -> None:
    """Raise ValueError for an assert over values that the program decides, and where none compares a value."""
    told = False
    for statement in statements:
        assert isinstance(statement, ast.Assert)
        for test in _tests(statement.test):
            if reason := _satisfied(test, taker):
                raise ValueError(f"{reason}: {ast.unparse(_original(test, taker))!r}")
            told = told or not _only_type(test)
    if not told:
        raise ValueError("no assert compares a value: they ask for types alone")


def _tests(node: ast.expr) -> Iterator[ast.expr]:
    """The tests that `and`, `or` and `not` join."""
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _tests(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _tests(operand)
        case _:
            yield node


def _satisfied(test: ast.expr, taker: _Taker) -> str:
    """Why the program's own names could satisfy a test; "" where they cannot."""
    if not _values(test):
        return "it asks nothing of the program"
    if (call := _value(test, taker)) is not None:
        return _verdict(call, taker.names)
    if not isinstance(test, ast.Compare):
        arguments = test.args if isinstance(test, ast.Call) else []
        both = len(arguments) > 1 and all(map(_values, arguments))
        return "both sides are the program's" if both or _several(test, taker) else ""
    sides = [test.left, *test.comparators]
    for left, operator, right in zip(sides, test.ops, sides[1:], strict=False):
        if (_values(left) and _values(right)) or _several(left, taker) or _several(right, taker):
            return "both sides are the program's"
        for one, other in ((left, right), (right, left)):
            call = _value(one, taker)
            loose = not isinstance(operator, ast.Eq | ast.Is | ast.In) or _is_bool(other)
            if call is not None and loose and (reason := _verdict(call, taker.names, compared=True)):
                return reason
    return ""


def _verdict(call: ast.expr, names: set[str], *, compared: bool = False) -> str:
    """Why an expression of the program must not be the verdict: it is handed what is right, or is nothing computed."""
    root, chain = _root(call) or "", [node for node in _chain(call) if isinstance(node, ast.Call)]
    if not chain and not compared:
        return "the program decides by a name of its own"
    inner = {name for node in chain for argument in _arguments(node) for name in _loaded(argument)}
    if {name for name in inner & names if not name[:1].isupper()}:
        return "a name that only the program defines compares"
    handed = any(_arguments(node) for node in chain[:-1])
    return "" if not handed or root[:1].isupper() else "a method of what the program returns compares"


def _chain(node: ast.expr) -> Iterator[ast.expr]:
    """An expression such as `f(1).g()[0]` from outside in, down to `f(1)`."""
    while not isinstance(node, ast.Name):
        yield node
        node = node.func if isinstance(node, ast.Call) else node.value  # type: ignore[attr-defined]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _values(node: ast.expr) -> set[int]:
    """The numbers of the program's values in an expression."""
    found = (_number(part) for part in ast.walk(node))
    return {number for number in found if number is not None}


def _number(node: ast.AST) -> int | None:
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(number))) if name == VALUES:
            return number
    return None


def _value(node: ast.expr, taker: _Taker) -> ast.expr | None:
    """What the program was asked for where an expression is that alone."""
    number = _number(node)
    return None if number is None else taker.calls[number]


def _is_bool(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _several(node: ast.expr, taker: _Taker) -> bool:
    """Whether values of several names of the program are mixed."""
    return len({_root(taker.calls[number]) for number in _values(node)}) > 1


def _only_type(test: ast.expr) -> bool:
    """Whether a test looks at the type of values and at nothing else."""
    sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else [test]
    asked = [side for side in sides if _values(side)]
    names = ("isinstance", "issubclass", "type", "callable", "hasattr")
    return all(isinstance(s, ast.Call) and isinstance(s.func, ast.Name) and s.func.id in names for s in asked)


def _original(test: ast.expr, taker: _Taker) -> ast.expr:
    """The test as the label has it."""

    class Back(ast.NodeTransformer):
        def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
            return _value(node, taker) or self.generic_visit(node)

    whole: ast.expr = Back().visit(test)
    return ast.fix_missing_locations(whole)
