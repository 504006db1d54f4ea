r"""Where a response states its final answer: the last \boxed{...}, or what follows the last "answer is"."""

import re

_ANCHOR = re.compile(r"\banswer\b\W{0,4}(?:is\b|:|=)", re.IGNORECASE)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE = re.compile(r"[{}]")
_SENTENCE = 2000  # characters that are looked at after "answer is"
_END = re.compile(r"\.\s|\.$|\n")


def boxed(response: str) -> str | None:
    r"""The content of the last non-empty `\boxed{...}` with balanced braces."""
    boxes = {match.end() for match in _BOXED.finditer(response)}
    opened: list[int] = []
    last, content = -1, None
    for brace in _BRACE.finditer(response):
        if brace[0] == "{":
            opened.append(brace.end())
        elif opened and (start := opened.pop()) in boxes and start > last:
            inside = response[start : brace.start()].strip()
            last, content = (start, inside) if inside else (last, content)
    return content


def stated(response: str) -> str | None:
    """The sentence after the last "answer is" or "answer:", without markup."""
    anchors = list(_ANCHOR.finditer(response))
    for anchor in reversed(anchors):
        tail = response[anchor.end() : anchor.end() + _SENTENCE].replace("*", "").lstrip(" \t\n:")
        sentence = _END.split(tail, maxsplit=1)[0].strip()
        if sentence:
            return sentence
    return None


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
