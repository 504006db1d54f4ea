"""How commands print: as wide as the terminal, and wide enough for a table where there is none.

What LLMs, files and endpoints have written is printed with its control characters escaped, see `smacs.visible`.
"""

import sys
from collections.abc import Iterable
from shutil import get_terminal_size
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from smacs.visible import visible

WIDTH = 130


class Console(rich.console.Console):
    """Rich's console, whose texts hold no control characters, from wherever they come."""

    def render_str(self, text: str, *given: Any, **named: Any) -> Text:
        """Escape before the layout, so that columns stay straight."""
        return super().render_str(visible(text), *given, **named)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escape after it as well, for what is no plain text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def for_tables(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that colours no numbers. In a pipe or a log `COLUMNS` may ask for more than `WIDTH`."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal else max(WIDTH, get_terminal_size((WIDTH, 0)).columns)
    return Console(stderr=stderr, quiet=quiet, highlight=False, width=width)


def say(text: object, *, err: bool = False) -> None:
    """Print a line, on stdout or stderr."""
    print(visible(str(text)), file=sys.stderr if err else sys.stdout)


def print_json(value: object) -> None:
    """Print a value as JSON, indented, on stdout."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value)) + b"\n")


def short(text: str, limit: int) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}..."
