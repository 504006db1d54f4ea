"""Commands in the documentation, the Dockerfile and the Compose file exist, with the options that they give them."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from smacs.cli.main import app

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


# In a block a command may come after variables, in a container, or in a unit of systemd.
LINE = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:docker .*?\s|ExecStart=)?(?:/\S+/)?(smacs .*?)(?:\s+#.*)?$", re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    """(file, command) of every line of a code block, and every inline code, that has `smacs `; and of containers."""
    found = []
    for file in FILES:
        text = file.read_text()
        blocks = LINE.findall(text.replace("\\\n", " "))
        found += [(file.name, line) for line in [*blocks, *re.findall(r"`(smacs [^`|]+)`", text)]]
    lists = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    found += [("Dockerfile", shlex.join(json.loads(words))) for words in lists]
    scripts = re.findall(r"\b(smacs \w.*)$", (ROOT / "compose.yaml").read_text(), re.MULTILINE)
    return [*found, *(("compose.yaml", script) for script in scripts)]


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
