"""The question inside a prompt: instructions that all prompts of a log begin or end with are the tool's.

What they share besides may be the question's own: a passage, the imports and the end of a docstring, a fence.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

_LETTERS = re.compile(r"\b[A-Z](?:, ?[A-Z])+\b")  # the list of letters to choose from has another length elsewhere
_OPTION = re.compile(r"\(?([A-Z])[).][ \t]+(.*)", re.DOTALL)
_HEADER = re.compile(r"(?:#+ *)?(?:question|problem|options|choices|问题|选项) *[:：]\s*", re.IGNORECASE)
_LABEL = re.compile(r"(?:#+ *)?[^\s:：]{1,20}(?: [^\s:：]{1,20}){0,2} *[:：]")  # "Your answer:"
_TELLS = re.compile(
    r"\b(?:answer|answers|reply|respond|response|choose|select|pick|letter|option|options|format|box|boxed|step|think"
    r"|reason|reasoning|solve|question|questions|problem|problems|following|output|write|complete|read|remember|return"
    r"|provide|conclude|solution|explain|follow|instruction|instructions|example|examples|task)\b"
    r"|回答|答案|请|以下|选择|选项|格式|推理|问题|步骤|解答",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(r"\b(?:examples?|few-?shot|demonstrations?)\b|示例|例子|例题", re.IGNORECASE)
_ANSWER = re.compile(
    r"[#*]* *(?:(?:the )?answer|a|solution|output|response|答案|解答|回答)\b[* ]*(?:[:：]|is\b)", re.IGNORECASE
)
_CODE = re.compile(
    r"\s|```|\"\"\"|'''|#!|@|>>>|\}|\]|\)|(?:import|from|def|class|return|assert|print|async|func|package|using|public)\b"
)


class Frame(NamedTuple):
    """How many lines at the start and at the end of each prompt are the tool's."""

    before: int
    after: int

    def inside(self, prompt: str) -> str:
        """The prompt without them; all of it where nothing would be left."""
        lines = _lines(prompt)
        return "\n".join(lines[self.before : len(lines) - self.after]).strip("\n").rstrip() or prompt.strip()


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
    before = min(_told(start, leading=True), shortest - 1)
    after = _told(list(takewhile(lambda line: not _OPTION.match(line), end)), leading=False)
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


def _told(lines: Sequence[str], *, leading: bool) -> int:
    """How many of the lines that all prompts share, from the outside in, tell the LLM what to do.

    Examples that an instruction announces go with it, up to the last answer in them.
    """
    solved = [i for i, line in enumerate(lines) if _ANSWER.match(line)] if leading else []
    announced = len(list(takewhile(_tells, lines)))
    if solved and any(_EXAMPLES.search(line) for line in lines[:announced]):
        rest = lines[solved[-1] + 1 :]
        announced = len(lines) - len(rest) + len(list(takewhile(str.strip, rest)))  # the answer's paragraph
    return announced + len(list(takewhile(_tells, lines[announced:])))


def _tells(line: str) -> bool:
    """Whether a line is an instruction, a label such as "Options:", or empty; code and questions are not."""
    if not line.strip():
        return True
    if _CODE.match(line) or line.rstrip().endswith(("?", "？")):
        return False
    return bool(_LABEL.fullmatch(line.strip()) or _TELLS.search(line))


def _letter(line: str) -> str | None:
    match = _OPTION.match(line)
    return match[1] if match else None


def _lines(prompt: str) -> list[str]:
    return prompt.strip("\n").rstrip().split("\n")


def _shared(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)) if a == b]
