"""What lm-evaluation-harness asked for one sample: an answer, or how likely each of several continuations is."""

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_MARK = re.compile(r"\(?([^\W_]|\d{1,2})[).:]?")  # "A", "(B)", "3.", a letter of any script


class Calls(NamedTuple):
    """The prompts, and the continuations whose likelihood was asked for (none where the LLM wrote an answer)."""

    prompts: tuple[str, ...]
    continuations: tuple[str, ...]

    @property
    def prompt(self) -> str:
        """The prompt; "" where each continuation has one of its own."""
        return self.prompts[0] if len(set(self.prompts)) == 1 else ""

    @property
    def choosing(self) -> bool:
        """Whether the LLM chose between continuations that differ."""
        return len(set(self.continuations)) > 1

    def marked(self) -> list[int] | None:
        """The options that the continuations are bare marks of, by number from 0; None where they are texts."""
        marks = [match[1] for text in self.continuations if (match := _MARK.fullmatch(text))]
        if not self.choosing or len(marks) != len(self.continuations):
            return None
        letters = sorted(mark.upper() for mark in marks)
        if letters == list(string.ascii_uppercase[: len(marks)]):
            return [string.ascii_uppercase.index(mark.upper()) for mark in marks]
        if all(mark.isdecimal() for mark in marks):
            numbers = [int(mark) for mark in marks]
            first = min(numbers)
            return [n - first for n in numbers] if sorted(numbers) == [*range(first, first + len(marks))] else None
        foreign = all(mark.isalpha() and not mark.isascii() for mark in marks)
        return list(range(len(marks))) if foreign and len(set(marks)) == len(marks) else None

    def likeliest(self, replies: Sequence[Any], *, by_length: bool) -> int | None:
        """The number of the likeliest continuation; each reply is [[log-likelihood, is_greedy]].

        `by_length`: per character, as the score acc_norm has it.
        """
        try:
            scores = [float(first_text(reply)) for reply in replies]
        except ValueError:
            return None
        if len(scores) < len(self.continuations) or any(score != score for score in scores):
            return None
        lengths = [len(text) or 1 if by_length else 1 for text in self.continuations]
        ranked = [score / length for score, length in zip(scores, lengths, strict=False)]
        return max(range(len(ranked)), key=ranked.__getitem__)


def read_calls(arguments: Mapping[str, Mapping[str, Any]] | Sequence[Sequence[Any]]) -> Calls:
    """From the arguments of a sample in either of their forms."""
    if isinstance(arguments, Mapping):
        calls = [list(call.values()) for call in arguments.values()]
    else:
        calls = [list(call) for call in arguments]
    prompts = tuple(call[0] if call and isinstance(call[0], str) else "" for call in calls)
    texts = tuple(call[1].strip() for call in calls if len(call) > 1 and isinstance(call[1], str))
    if len(texts) != len(calls):
        return Calls(prompts, ())
    half = len(texts) // 2
    if (
        half > 1 and texts == texts[:half] * 2 and not any(prompts[half:]) and any(prompts)
    ):  # acc_mutual_info asks twice
        return Calls(prompts[:half], texts[:half])
    return Calls(prompts, texts)


def first_text(value: Any) -> str:
    """The first text in lists within lists."""
    while isinstance(value, list) and value:
        value = value[0]
    return "" if isinstance(value, list) or value is None else str(value)
