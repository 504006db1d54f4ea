"""Splits a reply into answer and thinking. Thinking stays in the trace; the aggregator and the embedder do not see it.

Every step looks at each character of a reply a bounded number of times: an LLM in a loop must not hold up a server.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

Pairs = tuple[tuple[str, str], ...]  # marks of one's own: (before, after) the thinking

_NAMES = r"think(?:ing|_fast|_faster|_slow)?|thoughts?|ant-?thinking|reasoning|reflection|scratch_?pad|inner_monologue"
_OPEN = (  # what follows the first character, one of _STARTS
    rf"(?:\w{{1,20}}:)?(?:{_NAMES})(?:\s[^<>]{{0,200}})?>"  # DeepSeek, Qwen, Seed (seed:think), Reflection, Hermes
    r"|(?-i:THINK)\]"  # Magistral
    r"|\|channel>(?:thought|analysis)?"  # Gemma
    r"|unused94>(?:thought)?"  # MedGemma
    r"|\|(?:begin_of_thought|START_THINKING|think|thinking|inner_prefix)\|>"  # OpenThinker, Cohere, Solar, Apertus
    r"|think▷"  # Kimi
)
_CLOSE = (
    rf"/(?:\w{{1,20}}:)?(?:{_NAMES})\s{{0,9}}>|/(?-i:THINK)\]|channel\|>|unused95>"
    r"|\|(?:end_of_thought|END_THINKING|/think|/thinking|inner_suffix)\|>|/think▷"
)
_BEGIN = r"\|(?:begin_of_solution|START_RESPONSE|START_TEXT)\|>"  # the answer begins, whatever was open
_DROP = r"\|(?:end_of_solution|END_RESPONSE|END_TEXT|begin_of_box|end_of_box)\|>"
_STARTS = "<[◁"
_KNOWN = rf"[<\[◁](?:(?P<open>{_OPEN})|(?P<close>{_CLOSE})|(?P<begin>{_BEGIN})|(?P<drop>{_DROP}))"

_WRAPPED = re.compile(r"<(answer|response|output|solution)>(.*)", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(r"\s{0,99}## Thinking[^\S\n]{0,99}\n")  # HuatuoGPT-o1
_ANSWER = re.compile(r"^## Final Response[^\S\n]{0,99}$", re.MULTILINE)
_GRANITE = re.compile(r"\s{0,99}Here(?: is|'s) my thought process:")
_GRANITE_ANSWER = re.compile(r"Here(?: is|'s) my response:")

_HARMONY = re.compile(r"(?<!`)<\|(start|channel|message|end|return|call|constrain)\|>")
_BARE = re.compile(r"\s{0,99}(?:assistant)?(?:analysis|commentary)")  # Harmony without its special tokens
_BARE_FINAL = re.compile(r"assistant\n?final")
_BARE_CUT = re.compile(r"\s{0,99}analysis(?:We|The|User|Need|Let|They|This|Okay|I|Question|Problem|Just|So)\b")


def split_thinking(content: str, field: str = "", style: str | Pairs = "auto") -> tuple[str, str]:
    """Split a reply into (answer, thinking), both stripped.

    `field` is the endpoint's separate reasoning field. In the content "auto" knows Harmony's channels and pairs of
    marks such as `<think>..</think>`, also a closing mark whose opening one was part of the prompt, and an opening one
    after which the token limit cut the rest off: all is thinking. Marks in backticks are spoken of, not meant. Pairs of
    one's own are known beside these. "tags" knows the pairs alone, "harmony" the channels; "none" and "field" leave the
    content alone, since it may speak of the tags; "headings" splits `## Thinking .. ## Final Response`.
    """
    if style in ("none", "field"):
        return content.strip(), field.strip()
    if style == "headings":
        answer, thoughts = _split_once(content, _HEADING, _ANSWER)
    elif style == "harmony" or (style != "tags" and _is_harmony(content)):
        answer, thoughts = _split_harmony(content)
    elif style != "tags" and _GRANITE.match(content):
        answer, thoughts = _split_once(content, _GRANITE, _GRANITE_ANSWER)
    else:
        answer, thoughts = _split_marks(content, style if isinstance(style, tuple) else ())
    return answer.strip(), "\n".join(part for thought in (field, *thoughts) if (part := thought.strip()))


def _split_once(content: str, start: re.Pattern[str], middle: re.Pattern[str]) -> tuple[str, list[str]]:
    """Thinking between two headings, where the text begins with the first; all of it where the second is missing."""
    opening = start.match(content)
    if not opening:
        return content, []
    found = middle.search(content, opening.end())
    end = found.start() if found else len(content)
    return content[found.end() :] if found else "", [content[opening.end() : end]]


@lru_cache(maxsize=64)
def _marks(own: Pairs) -> re.Pattern[str]:
    first, last = ("|".join(map(re.escape, marks)) for marks in zip(*own, strict=True)) if own else ("", "")
    mine = f"(?P<my_open>{first})|(?P<my_close>{last})|" if own else ""
    return re.compile(mine + _KNOWN, re.IGNORECASE)


def _split_marks(content: str, own: Pairs) -> tuple[str, list[str]]:
    if not own and not any(start in content for start in _STARTS):
        return content, []
    marks = [
        (str(mark.lastgroup).removeprefix("my_"), *mark.span())
        for mark in _marks(own).finditer(content)
        if not (content[mark.start() - 1 : mark.start()] == content[mark.end() : mark.end() + 1] == "`")
    ]
    if not marks:
        return content, []
    kept, thoughts = _walk(content, marks)
    answer = "".join(kept)
    return (_unwrapped(answer) if thoughts else answer), thoughts


Mark = tuple[str, int, int]  # kind (open, close, begin, drop), where it begins, where it ends


def _walk(content: str, marks: Sequence[Mark]) -> tuple[list[str], list[str]]:
    """The pieces of the answer and of the thinking."""
    kept, thoughts = list[str](), list[str]()
    ends = _ends([kind for kind, _, _ in marks])
    at = i = 0
    first = next((k for k, (kind, _, _) in enumerate(marks) if kind != "drop"), None)
    if first is not None and marks[first][0] != "open":  # the opening mark was part of the prompt
        thoughts += [thought] if (thought := content[: marks[first][1]]).strip() else []
        at, i = marks[first][2], first + 1
    while i < len(marks):
        kind, start, end = marks[i]
        if kind == "close":  # of nothing: spoken of
            i += 1
            continue
        kept.append(content[at:start])
        at, i = end, i + 1
        if kind == "open":
            last = ends[i - 1]
            thoughts.append(content[end : marks[last][1] if last is not None else len(content)])
            at, i = (marks[last][2], last + 1) if last is not None else (len(content), len(marks))
    kept.append(content[at:])
    return kept, thoughts


def _ends(kinds: Sequence[str]) -> list[int | None]:
    """For each opening mark where its thinking ends: at its own closing mark, where marks are nested in it; else at the
    next one, or where the answer begins; None where the reply was cut off."""
    ends: list[int | None] = [None] * len(kinds)
    following: int | None = None
    for i in range(len(kinds) - 1, -1, -1):
        if kinds[i] in ("close", "begin"):
            following = i
        ends[i] = following
    opened: list[int] = []
    for i, kind in enumerate(kinds):
        if kind == "open":
            opened.append(i)
        elif kind == "begin":
            opened.clear()
        elif kind == "close" and opened:
            ends[opened.pop()] = i
    return ends


def _unwrapped(answer: str) -> str:
    """An answer without the tag around all of it: `<answer>..</answer>` after the thinking."""
    found = _WRAPPED.fullmatch(answer.strip())
    if not found:
        return answer
    inside = found[2].rstrip()
    closing = f"</{found[1]}>"
    if inside.lower().endswith(closing.lower()):
        return inside[: -len(closing)]
    return answer if closing.lower() in inside.lower() else inside


def _is_harmony(content: str) -> bool:
    if "<|channel|>" in content or "<|message|>" in content:
        return _HARMONY.search(content) is not None
    bare = _BARE.match(content)
    return bool(bare and (_BARE_FINAL.search(content, bare.end()) or _BARE_CUT.match(content)))


def _split_harmony(content: str) -> tuple[str, list[str]]:
    """The final channel's text, and that of all others; a reply without a final channel has no answer."""
    marks = list(_HARMONY.finditer(content))
    if not marks:
        bare = _BARE.match(content)
        final = _BARE_FINAL.search(content, bare.end()) if bare else None
        if not bare or not (final or _BARE_CUT.match(content)):
            return content, []
        return (content[final.end() :] if final else ""), [content[bare.end() : final.start() if final else None]]
    said = _messages(content, marks)
    finals = [text for channel, text in said if channel == "final"]
    loose = [text for channel, text in said if channel == "" and text.strip() not in ("", "assistant")]
    others = [text for channel, text in said if channel not in ("final", "")]
    if finals:
        return "\n".join(finals), [*loose, *others]
    before = [content[: marks[0].start()]] if others else []  # cut off from its channel, which was part of the prompt
    return "\n".join(text for text in loose if text not in before), [*before, *others]


def _messages(content: str, marks: Sequence[re.Match[str]]) -> list[tuple[str, str]]:
    """(channel, text) of each message; the channel of text that stands outside of messages is ""."""
    said = [("", content[: marks[0].start()])]
    role, channel = "assistant", ""
    for mark, following in zip_longest(marks, marks[1:]):
        text = content[mark.end() : following.start() if following else None]
        name = (text.split(maxsplit=1) or [""])[0].lower()
        if mark[1] == "start":
            role, channel = name, ""
        elif mark[1] == "channel":
            channel = name
        elif mark[1] == "message":
            said.append(((channel or "final") if role.startswith("assistant") else "tool", text))
        elif mark[1] != "constrain":  # end, return, call
            said.append(("", text))
    return said
