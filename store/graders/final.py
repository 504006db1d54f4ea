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
