"""Commands in the documentation exist, with the options that it gives them."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from smacs.cli import app

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[tuple[str, str]]:
    """(file, command) of every line of a code block, and every inline code, that begins with `smacs `."""
    found = []
    for file in FILES:
        text = file.read_text()
        blocks = re.findall(r"^(smacs .*?)(?:\s+#.*)?$", text.replace("\\\n", " "), re.MULTILINE)
        found += [(file.name, line) for line in [*blocks, *re.findall(r"`(smacs [^`|]+)`", text)]]
    return found


@pytest.mark.parametrize(("file", "line"), commands())
def test_a_command_in_the_documentation_exists(file: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        name = words.pop(0)
        if name.startswith("-"):
            break
        assert name in command.commands, f"{file}: {line}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    used = {word.partition("=")[0] for word in words if word.startswith("--") and len(word) > 2}
    assert used <= known | {"--help", "--version"}, f"{file}: {line}"
