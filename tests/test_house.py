"""What holds the house together: floors, no circles, every folder installed, tests that are found by name.

One pass over the sources; nothing is imported but the public packages of the last tests.
"""

import ast
import importlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
FOLDERS: dict[str, str] = {"smacs": "smacs", **SETUP["package-dir"]}
FLOORS = {
    "smacs": 0,
    "prompts": 0,
    "pools": 0,
    "pool": 1,
    "store": 2,
    "nodes": 3,
    "graph": 4,
    "server": 5,
    "bench": 5,
    "cli": 6,
}
"""Room -> floor. Imports go to the own room or to a lower floor."""

FACE = {"smacs", "smacs.__main__"}
"""The public names and the command stand above the rooms; what else lies in `smacs/` lies beneath them."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: by which module, of which, in which line; `deferred` into a function, `typing` for type checkers."""

    by: str
    of: str
    line: int
    deferred: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.by}, line {self.line}: {self.of}"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module that is installed, parsed."""
    return {name: ast.parse(path.read_text("utf-8")) for name, path in sources()}


def sources() -> Iterator[tuple[str, Path]]:
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")]), path


@cache
def imports() -> list[Import]:
    return [found for name, tree in modules().items() for found in imports_in(name, tree)]


def imports_in(by: str, node: ast.AST, deferred: bool = False, typing: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue  # has no statements in it
        inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        checking = typing or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
        for of in targets(child):
            yield Import(by, of, child.lineno, deferred, typing)  # type: ignore[attr-defined]
        yield from imports_in(by, child, inside, checking)


def targets(node: ast.AST) -> list[str]:
    """The modules of ours that a statement imports."""
    if isinstance(node, ast.Import):
        named = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        whole = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "__version__"]
        named = [name if name in modules() else node.module for name in whole]
    else:
        return []
    return [name for name in dict.fromkeys(named) if name.partition(".")[0] == "smacs"]


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and f"smacs.{parts[1]}" in FOLDERS else "smacs"


def test_every_import_goes_to_the_own_room_or_down() -> None:
    up = [
        each
        for each in imports()
        if each.by not in FACE
        and (each.of in FACE or (room(each.by) != room(each.of) and floor(each.by) <= floor(each.of)))
    ]
    assert not up, "\n".join(map(str, up))


def floor(module: str) -> int:
    return FLOORS[room(module)]


def test_no_circle_is_hidden_by_a_deferred_import() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for each in imports():
        if not each.typing and each.by != each.of:
            graph[each.by].add(each.of)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_nothing_that_is_installed_needs_what_is_not() -> None:
    foreign = {"tools", "tests", "examples"}
    names = [
        (name, alias)
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    ]
    assert not [(name, of) for name, of in names if of.partition(".")[0] in foreign]


def test_every_folder_is_installed() -> None:
    packages = {name for name, path in sources() if path.name == "__init__.py"}
    assert packages == set(SETUP["packages"])
    assert {path.parent for _, path in sources()} == {
        path.parent for _, path in sources() if path.name == "__init__.py"
    }
    assert set(FLOORS) == {name.rpartition(".")[2] for name in FOLDERS}


WHOLE = {"end_to_end", "docs", "public_names", "fuzz"}
"""Tests of more than a module."""


def test_a_module_is_tested_where_its_name_says() -> None:
    lost = [path.relative_to(ROOT).as_posix() for path in files_of_tests() if not found_by_name(path)]
    assert not lost, "\n".join(lost)


def files_of_tests() -> Iterator[Path]:
    for name in ("tools", *(package.rpartition(".")[2] for package in FOLDERS)):
        yield from sorted((ROOT / "tests" / name).rglob("test_*.py"))


def found_by_name(test: Path) -> bool:
    """Whether a test's name begins with that of a module or folder of its room: `test_<module>_<aspect>.py`."""
    words = test.stem.removeprefix("test_")
    own = test.relative_to(ROOT / "tests").parts[0]
    names = {path.stem.strip("_") for path in (ROOT / own).rglob("*")} | {own}
    return words in WHOLE or any(words == name or words.startswith(f"{name}_") for name in names)


def test_no_document_is_cited_that_is_not_here() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    files = [name for name in listed if name.endswith((".py", ".md", ".toml", ".js", ".html", "Makefile", ".yaml"))]
    cited = {(name, of) for name in files if (ROOT / name).exists() for of in documents(ROOT / name)}
    assert not sorted((name, of) for name, of in cited if not exists(of, name, listed))


def documents(file: Path) -> set[str]:
    """The documents that a file cites; those that a test writes are no citations."""
    if file.parts[len(ROOT.parts)] == "tests":
        return set()
    return set(re.findall(r"(?<![\w/<>{}*.-])(?:[\w-]+/)*[a-zA-Z_-]+\.md\b", file.read_text("utf-8")))


def exists(cited: str, by: str, listed: list[str]) -> bool:
    """Whether a document is one of the repository, or one that a user's run writes."""
    here = {cited, (Path(by).parent / cited).as_posix()}
    return bool(here & set(listed)) or any(name.endswith(f"/{cited}") for name in listed)


PYTHON = ROOT / "docs" / "python.md"
LISTED = re.compile(r"^## (smacs\S*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ((?:`\w+` ?)+)\|", re.MULTILINE)


def public() -> dict[str, set[str]]:
    """Package -> the names that docs/python.md lists under it."""
    sections = LISTED.findall(PYTHON.read_text("utf-8"))
    return {
        package: {name for row in ROW.findall(text) for name in re.findall(r"\w+", row)} for package, text in sections
    }


def test_the_public_names_are_those_of_the_page() -> None:
    assert public() == {package: set(importlib.import_module(package).__all__) for package in public()}
    assert {"smacs", *(f"smacs.{name}" for name in ("pool", "store", "nodes", "graph"))} <= public().keys()


def test_documents_and_examples_import_public_names_alone() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.py")]
    lines = [
        line for file in files for line in re.findall(r"^ *from (smacs\S*) import (.+)$", file.read_text("utf-8"), re.M)
    ]
    assert lines
    assert not [
        (package, name) for package, names in lines for name in names.split(", ") if name not in public()[package]
    ]


def test_the_paths_that_documents_name_exist() -> None:
    names = set(FOLDERS.values()) | {"docs", "tests", "tools", "examples"}
    for file in (ROOT / "docs" / "architecture.md", ROOT / "docs" / "method.md", ROOT / "CONTRIBUTING.md"):
        for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", file.read_text("utf-8")):
            if path.partition("/")[0] in names:
                assert (ROOT / path).exists(), f"{file.name}: {path}"
