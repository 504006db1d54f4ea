"""Reading: an LLM is shown several texts and writes something of its own about them.

A prompt that is longer than its window has the texts cut, the longest first and of equal ones the lowest prior first;
one that the server still finds too long is cut further.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from smacs.nodes.shared.records import Usage, unread, usage_of
from smacs.nodes.shared.run import Run, Tools
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.calls.tokens import at_most_tokens, estimate_prompt, estimate_tokens
from smacs.pool.prompts import Message

_RESERVE = 64  # tokens: what the estimate may be off by
_SHRINK = 0.7  # of the room, when the server still finds the prompt too long
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read and asked for.

    `prompt` makes the messages from the texts of `subset`; `texts` are all there are, name -> text, in descending order
    of prior. `n` choices are asked for, with the `seed` of the first, second, ... call.
    """

    prompt: Callable[[Sequence[str]], list[Message]]
    texts: Mapping[str, str]
    subset: Sequence[str]
    seed: Callable[[int], int | None]
    n: int = 1
    logprobs: bool = False


@dataclass(slots=True)
class Writing:
    """At most `n` choices, the failure that ended the calls if one did, what was cut or left out, what the calls cost,
    and what was learned about the LLM's servers."""

    choices: list[Choice] = field(default_factory=list)
    failure: Failure | None = None
    cuts: list[str] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def read(llm: LLM, reading: Reading, run: Run, tools: Tools) -> Writing:
    """Call one LLM. Some servers send fewer choices than `n`: the rest is asked for again."""
    written = Writing()
    share = 1.0
    await llm.ready()
    for attempt in range(reading.n + _TRIES):
        messages, cuts = _fit(llm, reading, tools, share)
        result = await llm.call(
            messages,
            n=reading.n - len(written.choices),
            logprobs=reading.logprobs,
            seed=reading.seed(attempt),
            timeout=run.time_left(),
            sampling=tools.settings.sampling,
        )
        written.usage.append(usage_of(result))
        if isinstance(result, Reply):
            written.choices += result.choices
            written.notes += result.learned
            written.cuts += [cut for cut in (*cuts, *unread(result)) if cut not in written.cuts]
        elif result.kind == "overflow" and share > _SHRINK**_TRIES:
            share *= _SHRINK
            continue
        else:
            written.failure = result
        if written.failure or len(written.choices) >= reading.n:
            break
    del written.choices[reading.n :]
    return written


def _fit(llm: LLM, reading: Reading, tools: Tools, share: float) -> tuple[list[Message], list[str]]:
    """The prompt for `share` of the LLM's window, and what was cut for it."""
    sampling = tools.settings.sampling | llm.spec.sampling.model_dump(exclude_none=True)
    room = llm.window - min(sampling["max_tokens"], llm.window // 2) - _RESERVE
    messages, cuts = fit_prompt(reading.prompt, reading.texts, reading.subset, room=room, share=share)
    return messages, [
        f"the reference of {name} was cut from {before} to {after} tokens for the window of {llm.name}"
        for name, (before, after) in cuts.items()
    ]


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
