"""The drawing of the graph in the README, made from the compiled graph: `python -m tools.draw`."""

import re
from pathlib import Path

from smacs.graph.build import build_graph

_BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def mermaid() -> str:
    """The compiled graph as a mermaid diagram, left to right."""
    graph = build_graph().compile().get_graph()
    return graph.draw_mermaid(with_styles=False).replace("graph TD;", "graph LR;")


def main(readme: Path = Path("README.md")) -> None:
    """Put the drawing in place of the one that the file has."""
    text = readme.read_text("utf-8")
    readme.write_text(_BLOCK.sub(lambda _: f"```mermaid\n{mermaid()}```", text, count=1), "utf-8")


if __name__ == "__main__":
    main()
