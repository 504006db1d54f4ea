"""The question inside a prompt: what all prompts of a log begin and end with is the tool's, not the question's."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

_LETTERS = re.compile(r"\b[A-Z](?:, ?[A-Z])+\b")  # the list of letters to choose from has another length elsewhere
_OPTION = re.compile(r"\(?([A-Z])[).][ \t]+(.*)", re.DOTALL)
_HEADER = re.compile(r"(?:#+ *)?(?:question|problem|options|choices|问题|选项) *[:：]\s*", re.IGNORECASE)


class Frame(NamedTuple):
    """How many lines at the start and at the end of each prompt belong to all of them."""

    before: int
    after: int

    def inside(self, prompt: str) -> str:
        """The prompt without them; all of it where nothing would be left."""
        lines = _lines(prompt)
        return "\n".join(lines[self.before : len(lines) - self.after]).strip() or prompt.strip()


def common_frame(prompts: Iterable[str]) -> Frame:
    """The frame of prompts of different questions; a single prompt has none. Options are never part of it.

    Each prompt keeps a line at least, so that different prompts stay different.
    """
    start: list[str] | None = None
    end: list[str] = []
    first = ""
    several = False
    shortest = 0
    for prompt in prompts:
        lines = _LETTERS.sub("A", "\n".join(_lines(prompt))).split("\n")
        if start is None:
            first, start, end, shortest = prompt, lines, lines[::-1], len(lines)
        elif prompt != first:
            several, shortest = True, min(shortest, len(lines))
            start, end = _shared(start, lines), _shared(end, lines[::-1])
    if start is None or not several:
        return Frame(0, 0)
    before = min(len(start), shortest - 1)
    after = len(list(takewhile(lambda line: not _OPTION.match(line), end)))
    return Frame(before, min(after, shortest - 1 - before))


def split_options(text: str) -> tuple[str, list[str]]:
    """A question and its options, from the lines `A) ...`, `B) ...` that it ends with; headers go."""
    parts = _HEADER.sub("", text, count=1) if _HEADER.match(text) else text
    lines = parts.split("\n")
    begin = max((i for i, line in enumerate(lines) if _letter(line) == "A"), default=len(lines))
    options: list[str] = []
    for line in lines[begin:]:
        if _letter(line) == chr(ord("A") + len(options)):
            options.append(_OPTION.sub(r"\2", line))
        elif options:
            options[-1] += f"\n{line}"
    if len(options) < 2:
        return parts.strip(), []
    question = [line for line in lines[:begin] if not _HEADER.fullmatch(line)]
    return "\n".join(question).strip(), [option.strip() for option in options]


def _letter(line: str) -> str | None:
    match = _OPTION.match(line)
    return match[1] if match else None


def _lines(prompt: str) -> list[str]:
    return prompt.strip().split("\n")


def _shared(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)) if a == b]
