"""Where a response holds its program."""

import re

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_OPENS = re.compile(r"[ \t]*```[ \t]*(\w*)")
_DEFINES = re.compile(r"^[ \t]*(?:async\s+def|def|class)\s", re.MULTILINE)


def find_program(response: str) -> str | None:
    """The last fenced block that defines something, else the last one (Python first), else a bare program."""
    bodies = _blocks(response)
    defining = [body for body in bodies if _DEFINES.search(body)]
    if bodies:
        return (defining or bodies)[-1]
    return response if _DEFINES.search(response) else None


def find_script(response: str) -> str | None:
    """The last fenced block (Python first): a program that reads and prints, which need not define anything."""
    bodies = _blocks(response)
    return bodies[-1] if bodies else None


def _blocks(response: str) -> list[str]:
    """The fenced blocks; the last one may lack its end."""
    blocks: list[tuple[str, list[str]]] = []
    inside = False
    for line in _LINE.findall(response):
        opens = _OPENS.match(line)
        if opens and inside:
            inside = False
        elif opens and line.endswith("\n"):
            blocks.append((opens[1], []))
            inside = True
        elif inside:
            blocks[-1][1].append(line)
    bodies = [(language.lower(), "".join(lines)) for language, lines in blocks]
    python = [body for language, body in bodies if language in ("python", "py", "python3")]
    return python or [body for _, body in bodies]
