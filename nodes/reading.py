"""Reading: an LLM is shown several texts and writes something of its own about them.

A prompt that is longer than its window has the texts cut, the longest first and of equal ones the lowest prior first;
one that the server still finds too long is cut further.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from smacs.nodes.records import Usage, unread, usage_of
from smacs.nodes.run import Run, Tools
from smacs.nodes.window import fit_prompt
from smacs.pool.llm import LLM
from smacs.pool.prompts import Message
from smacs.pool.replies import Choice, Failure, Reply

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
class Written:
    """At most `n` choices, the failure that ended the calls if one did, what was cut or left out, what the calls cost,
    and what was learned about the LLM's servers."""

    choices: list[Choice] = field(default_factory=list)
    failure: Failure | None = None
    cuts: list[str] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def read(llm: LLM, reading: Reading, run: Run, tools: Tools) -> Written:
    """Call one LLM. Some servers send fewer choices than `n`: the rest is asked for again."""
    written = Written()
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
