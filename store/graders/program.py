"""Where a response holds its program."""

import re

_FENCE = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
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
    fences: list[tuple[str, str]] = _FENCE.findall(response)
    python = [body for language, body in fences if language.lower() in ("python", "py", "python3")]
    return python or [body for _, body in fences]
