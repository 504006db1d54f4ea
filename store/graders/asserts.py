"""Takes asserts apart: what the program computes, and what is then compared where the program is not.

`assert math.isclose(area(2), 12.57)` becomes the call `area(2)` and `assert math.isclose(_values[0], 12.57)`.
"""

import ast
import builtins
from dataclasses import dataclass, field

VALUES = "_values"


@dataclass(frozen=True, slots=True)
class Taken:
    """`calls` are expressions for the program's namespace, `asserts` pairs of an assert and its form over values.

    `uses_setup` says whether those forms need what the setup defines.
    """

    calls: list[str]
    asserts: list[tuple[str, str]]
    uses_setup: bool


def take_apart(asserts: list[str], setup: str) -> Taken:
    """Raises SyntaxError or ValueError for what is no assert, or calls the program where it cannot be taken out."""
    tests = [(text, statement) for text in asserts for statement in ast.parse(text).body]
    if not all(isinstance(statement, ast.Assert) for _, statement in tests):
        raise ValueError("expected assert statements")
    given = _bound(ast.parse(setup))
    taker = _Taker(_program_names([statement for _, statement in tests], given))
    rewritten = [(text, taker.take(statement)) for text, statement in tests]
    uses_setup = any(_loaded(statement) & given for _, statement in rewritten)
    return Taken(taker.calls, [(text, ast.unparse(statement)) for text, statement in rewritten], uses_setup)


@dataclass
class _Taker(ast.NodeTransformer):
    names: set[str]
    calls: list[str] = field(default_factory=list)
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
        self.calls.append(ast.unparse(node))
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
