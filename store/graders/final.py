r"""Where a response states its final answer: the last \boxed{...}, or what follows the last "answer is"."""

import re

_ANCHOR = re.compile(r"\banswer\b\W{0,4}(?:is\b|:|=)", re.IGNORECASE)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_END = re.compile(r"\.\s|\.$|\n")


def boxed(response: str) -> str | None:
    r"""The content of the last non-empty `\boxed{...}` with balanced braces."""
    found = [_braced(response, match.end()) for match in _BOXED.finditer(response)]
    return next((content for content in reversed(found) if content), None)


def stated(response: str) -> str | None:
    """The sentence after the last "answer is" or "answer:", without markup."""
    anchors = list(_ANCHOR.finditer(response))
    for anchor in reversed(anchors):
        tail = response[anchor.end() :].replace("*", "").lstrip(" \t\n:")
        sentence = _END.split(tail, maxsplit=1)[0].strip()
        if sentence:
            return sentence
    return None


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return text[start:index].strip() or None
    return None
