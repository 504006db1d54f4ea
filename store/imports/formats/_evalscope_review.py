"""A review of evalscope: its records, and the question inside its prompt.

Keys of the records that are not read here may be anything. Of the prompts in a log, instructions that all of them begin
or end with are the tool's; what they share besides may be the question's own: a passage, the imports and the end of a
docstring, a fence.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import msgspec

_TURN = re.compile(r"^\*\*(User|Assistant|System|Tool)\*\*:[ \t]*", re.MULTILINE)
_NTH = re.compile(r"turn_(\d+)_prompt")
_NAMES = ("prompt", "question", "problem", "instruction", "query")
_LETTERS = re.compile(r"\b[A-Z](?:, ?[A-Z])+\b")  # the list of letters to choose from has another length elsewhere
_OPTION = re.compile(r"\(?([A-Z])[).][ \t]+(.*)", re.DOTALL)
_HEADER = re.compile(r"(?:#+ *)?(?:question|problem|options|choices|问题|选项) *[:：]\s*", re.IGNORECASE)
_LABEL = re.compile(r"(?:#+ *)?[^\s:：]{1,20}(?: [^\s:：]{1,20}){0,2} *[:：]")  # "Your answer:"
_INSTRUCTS = re.compile(
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


class Part(msgspec.Struct):
    """A part of a message."""

    type: str = ""
    text: str = ""
    reasoning: str = ""


class Timing(msgspec.Struct):
    """What a call took, in seconds and tokens."""

    latency: float | None = None
    output_tokens: int | None = None


class Message(msgspec.Struct):
    """A message of the chat; `model` is the LLM that wrote it."""

    role: str
    content: str | list[Part] | None = None
    model: str | None = None
    perf_metrics: Timing | None = None

    @property
    def parts(self) -> list[Part]:
        """Its parts; a text alone is one."""
        return [Part("text", self.content)] if isinstance(self.content, str) else self.content or []

    @property
    def text(self) -> str:
        """What it says, without thinking."""
        return "\n".join(part.text for part in self.parts if part.text)

    @property
    def reasoning(self) -> str:
        """The thinking, where it is in parts of its own."""
        return "\n".join(part.reasoning for part in self.parts if part.reasoning)


class Score(msgspec.Struct):
    """Scores by name, one of them the main one, and what was graded."""

    value: dict[str, Any]
    extracted_prediction: str | None = None
    prediction: str | None = None
    main_score_name: str | None = None


class SampleScore(msgspec.Struct):
    """The score of one run; runs of one sample have one `group_id`."""

    score: Score
    group_id: int | str | None = None
    sample_metadata: dict[str, Any] | None = None


class Review(msgspec.Struct):
    """Up to version 1.2 the prompt was `input`, all its messages in one text, and `target` a text."""

    index: int
    sample_score: SampleScore
    messages: list[Message] = []
    target: str | list[str] | None = None
    input: str | list[Message] = ""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the data set says about the sample."""
        return self.sample_score.sample_metadata or {}

    @property
    def prompt(self) -> str:
        """What the user said to the LLM, turn by turn; "" where the review has it nowhere."""
        said = self.messages or (self.input if isinstance(self.input, list) else [])
        turns = [message.text.strip("\n").rstrip() for message in said if message.role == "user"]
        whole = turns[0] if len(turns) == 1 else "" if any(turns) or not isinstance(self.input, str) else self.input
        if whole:
            turns = [text for role, text in _turns(whole) if role == "User"]
        return "\n\n".join(filter(None, turns)) or "\n\n".join(self._metadata_prompts())

    @property
    def inner(self) -> str:
        """The question without the tool's words, where the metadata has it and the prompt holds it; else ""."""
        prompt = self.prompt
        texts = [text.strip() for name in _NAMES if isinstance(text := self.metadata.get(name), str)]
        return next((text for text in texts if text and text in prompt), "")

    @property
    def group(self) -> int | str:
        """Equal for the repeats of one sample."""
        return self.index if self.sample_score.group_id is None else self.sample_score.group_id

    def _metadata_prompts(self) -> list[str]:
        """The prompt as the metadata has it, or one for each turn of a conversation."""
        turns = sorted((int(match[1]), value) for key, value in self.metadata.items() if (match := _NTH.fullmatch(key)))
        if texts := [text for _, value in turns if (text := _content(value))]:
            return texts
        return next(([text] for name in _NAMES if (text := _content(self.metadata.get(name)))), [])


def _turns(text: str) -> Iterator[tuple[str, str]]:
    """(role, text) of the messages in a text; one that does not begin with a mark is the user's, whatever is in it."""
    before, *pieces = _TURN.split(text)
    if before.strip():
        yield "User", text.strip("\n").rstrip()
        return
    for role, said in zip(pieces[::2], pieces[1::2], strict=True):
        if said.strip():
            yield role, said.strip("\n").rstrip()


def _content(value: Any) -> str:
    """The text of a message, which may be written as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return str(value).strip()
    if isinstance(value, Mapping):
        value = value.get("content")
    return value.strip() if isinstance(value, str) else ""


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
    before = min(_instruction_count(start, leading=True), shortest - 1)
    after = _instruction_count(list(takewhile(lambda line: not _OPTION.match(line), end)), leading=False)
    return Frame(before, min(after, shortest - 1 - before))


def split_options(text: str) -> tuple[str, list[str]]:
    """A question and its options, from the lines `A) ...`, `B) ...` that it ends with; headers are taken off."""
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


def _instruction_count(lines: Sequence[str], *, leading: bool) -> int:
    """How many of the lines that all prompts share, from the outside in, are instructions.

    Examples that an instruction announces go with it, up to the last answer in them.
    """
    solved = [i for i, line in enumerate(lines) if _ANSWER.match(line)] if leading else []
    announced = len(list(takewhile(_instructs, lines)))
    if solved and any(_EXAMPLES.search(line) for line in lines[:announced]):
        rest = lines[solved[-1] + 1 :]
        announced = len(lines) - len(rest) + len(list(takewhile(str.strip, rest)))  # the answer's paragraph
    return announced + len(list(takewhile(_instructs, lines[announced:])))


def _instructs(line: str) -> bool:
    """Whether a line is an instruction, a label such as "Options:", or empty, and not code or a question."""
    if not line.strip():
        return True
    if _CODE.match(line) or line.rstrip().endswith(("?", "？")):
        return False
    return bool(_LABEL.fullmatch(line.strip()) or _INSTRUCTS.search(line))


def _letter(line: str) -> str | None:
    match = _OPTION.match(line)
    return match[1] if match else None


def _lines(prompt: str) -> list[str]:
    return prompt.strip("\n").rstrip().split("\n")


def _shared(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)) if a == b]
