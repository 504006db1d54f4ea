"""The tree of errors: what is drawn at the top of its file is what there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from smacs import errors

ROOT = Path(__file__).parents[2]
ROOMS = ("smacs", "pool", "store", "nodes", "graph", "server", "bench", "cli")
LINE = re.compile(r"^((?:│   |    )*)[├└]── (\w+)(?: .*?)??(?: \[(\w+)\])?$")


def drawn() -> dict[str, tuple[str, str]]:
    """Class -> (its parent, the room that defines it)."""
    assert errors.__doc__ is not None
    above, found = ["SmacsError"], {}
    for line in errors.__doc__.splitlines():
        if match := LINE.match(line):
            indent, name, room = match.groups()
            depth = len(indent) // 4 + 1
            above[depth:] = [name]
            found[name] = (above[depth - 1], room or "smacs")
    return found


def classes() -> Iterator[tuple[str, str, str]]:
    """(class, base, room) of every class of the product with a base that has a plain name."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield from ((node.name, base.id, room) for base in node.bases if isinstance(base, ast.Name))


def test_the_drawing_is_the_tree() -> None:
    all_classes = list(classes())
    found: dict[str, tuple[str, str]] = {}
    level = {"SmacsError"}
    while level:
        below = {name: (base, room) for name, base, room in all_classes if base in level}
        found |= below
        level = set(below)
    assert drawn() == found


def test_every_error_of_ours_has_a_docstring_and_a_text_or_none_for_clients() -> None:
    own = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.SmacsError)]
    assert len(own) == sum(room == "smacs" for _, room in drawn().values()) + 1
    for each in own:
        assert each.__doc__, each
        assert 400 <= each.status < 600, each
        assert each.public is None or each.public.strip(), each
