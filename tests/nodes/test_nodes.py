"""What holds for the room as a whole: what stands at its top, who may import whom, and who may embed."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOM = Path(__file__).parents[2] / "nodes"
FILES = {
    ".".join(("smacs", "nodes", *file.relative_to(ROOM).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in sorted(ROOM.rglob("*.py"))
}
TREES = {name: ast.parse(file.read_text()) for name, file in FILES.items()}


def imports(name: str) -> set[str]:
    """The modules of the room that one imports anywhere, in functions and under TYPE_CHECKING, too."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if names <= TREES.keys() else {str(node.module)} | (names & TREES.keys())
    return found & TREES.keys()


def circles(graph: dict[str, set[str]], way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Ways through a graph that come back to where they began."""
    for reached in sorted(graph[way[-1]]):
        if reached == way[0]:
            yield (*way, reached)
        elif reached not in way and reached > way[0]:  # each circle once, from its first name
            yield from circles(graph, (*way, reached))


def test_the_seven_steps_stand_at_the_top() -> None:
    steps = {"retrieve", "prior_score", "referencer", "prior_drop", "aggregator", "hybrid_score", "select"}
    assert {file.stem for file in ROOM.glob("*.py")} == {"__init__", *steps}


def test_no_import_hides_a_circle() -> None:
    graph = {name: imports(name) for name in TREES}
    assert [circle for name in graph for circle in circles(graph, (name,))] == []


def test_only_tools_reach_the_bank_s_embedder_and_its_arrays() -> None:
    """So that nobody embeds beyond the question's deadline."""
    reached = {
        (name, node.attr)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (node.attr in ("embedder", "held") or ast.unparse(node).endswith("bank.load"))
    }
    assert {name for name, _ in reached} == {"smacs.nodes.shared.run", "smacs.nodes.shared.embed"}
