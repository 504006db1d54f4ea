"""Fitting the references into an aggregator's window: the longest are cut first, of equal ones the lowest prior."""

from collections.abc import Callable, Mapping, Sequence

from smacs.pool.prompts import Message
from smacs.pool.tokens import at_most_tokens, estimate_prompt, estimate_tokens

_LEAST = 16  # tokens of a reference that still say something


def fit_prompt(
    prompt: Callable[[Sequence[str]], list[Message]],
    references: Mapping[str, str],
    subset: Sequence[str],
    *,
    room: int,
    share: float,
) -> tuple[list[Message], dict[str, tuple[int, int]]]:
    """The prompt of a subset within `share` of `room` tokens; LLM -> tokens before and after, where a cut was needed.

    `prompt` makes the messages from texts. `references` are all of them, LLM -> text, in descending order of prior:
    each is cut to the same text in all subsets, or the prompts would no longer share their prefixes.
    """
    frame = prompt([""] * len(subset))
    longest = sorted(map(len, references.values()), reverse=True)[: len(subset)]
    if share == 1.0 and at_most_tokens(frame) + sum(longest) <= room:  # no need to count
        return prompt([references[name] for name in subset]), {}
    left = max(int((room - estimate_prompt(frame)) * share), _LEAST * len(subset))
    lengths = [estimate_tokens(text) for text in references.values()]
    sizes = dict(zip(references, zip(lengths, token_limits(lengths, len(subset), left), strict=True), strict=True))
    cuts = {name: sizes[name] for name in subset if sizes[name][1] < sizes[name][0]}
    return prompt([cut(references[name], *sizes[name]) for name in subset]), cuts


def token_limits(lengths: Sequence[int], keep: int, room: int) -> list[int]:
    """How many tokens of each reference may stay, so that any `keep` of them fit in `room`.

    `lengths` are in descending order of prior. The longest are cut to one common level; what is left of the room
    goes token by token to those of higher prior, so that of equally long ones the lower prior is cut first.
    """
    longest = sorted(lengths, reverse=True)[:keep]
    if sum(longest) <= room:
        return list(lengths)
    low, high = 0, max(longest)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(n, middle) for n in longest) <= room else (low, middle - 1)
    spare = room - sum(min(n, low) for n in longest)
    limits = []
    for length in lengths:
        extra = 1 if length > low and spare > 0 else 0
        spare -= extra
        limits.append(min(length, low + extra))
    return limits


def cut(text: str, tokens: int, limit: int) -> str:
    """A text of about `tokens` tokens cut to about `limit`: its middle goes, since the answer tends to stand last."""
    if tokens <= limit:
        return text
    kept = len(text) * max(limit - _LEAST // 2, 0) // tokens
    head = kept // 3
    return f"{text[:head]}\n[... {len(text) - kept} characters cut ...]\n{text[len(text) - (kept - head) :]}"
