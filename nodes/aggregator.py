"""Aggregator: an LLM turns one subset of the references into candidates.

The references stand in the prompt in descending order of prior, so that prompts of different subsets share long
prefixes, which the server's prefix cache serves; equal subsets are one call with `n` choices. A prompt that is
longer than the aggregator's window has its references cut, the longest first and of equal ones the lowest prior
first. When an aggregator fails, the next one of the pool is called.
"""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.records import Candidate, Usage, total_usage, usage_of
from smacs.nodes.run import Run, Tools, call_seed, run_of
from smacs.pool.llm import LLM, Message
from smacs.pool.replies import Choice, Failure, Reply
from smacs.pool.tokens import at_most_tokens, estimate_prompt, estimate_tokens

_RESERVE = 64  # tokens: what the estimate may be off by
_SHRINK = 0.7  # of the room, when the server still finds the prompt too long
_TRIES = 3
_LEAST = 16  # tokens of a reference that still say something


class AggregatorTask(TypedDict):
    """What one aggregator call is sent: all references, and which of them (by LLM) its subset holds."""

    asked: dict[str, Any]
    references: list[dict[str, str]]
    subset: list[str]
    indices: list[int]
    run: Run | None


def group_subsets(subsets: Sequence[Sequence[str]]) -> list[tuple[list[str], list[int]]]:
    """Equal subsets together: (subset, positions among the n), in the order of their first appearance."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, subset in enumerate(subsets):
        groups.setdefault(tuple(subset), []).append(position)
    return [(list(subset), positions) for subset, positions in groups.items()]


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
    """A text of about `tokens` tokens cut to about `limit`: its middle goes, since the answer tends to stand at the
    end."""
    if tokens <= limit:
        return text
    kept = len(text) * max(limit - _LEAST // 2, 0) // tokens
    head = kept // 3
    return f"{text[:head]}\n[... {len(text) - kept} characters cut ...]\n{text[len(text) - (kept - head) :]}"


async def aggregator(state: AggregatorTask, tools: Tools) -> dict[str, Any]:
    """Make one candidate for each of `indices`, with the first aggregator that works."""
    run = run_of(state.get("run"), tools.settings)
    usage: list[Usage] = []
    reasons: list[str] = []
    for llm in aggregators(tools):
        choices, notes = await _aggregate(llm, state, run, tools, usage)
        reasons += notes
        if choices:
            candidates = _candidates(choices, llm, state)
            for candidate in candidates:
                tools.emit({"event": "candidate", "index": candidate["index"], "text": candidate["text"]})
            return {"candidates": candidates, "usage": total_usage(usage), "degraded": reasons}
        if run.time_left() == 0:
            break
    return {"usage": total_usage(usage), "degraded": reasons}


def aggregators(tools: Tools) -> list[LLM]:
    """The aggregators in the order they are tried: the one of the settings first."""
    chosen = tools.settings.aggregator
    rest = [llm for llm in tools.pool.aggregators if llm.name != chosen]
    return [tools.pool.llms[chosen], *rest] if chosen else rest


async def _aggregate(
    llm: LLM, state: AggregatorTask, run: Run, tools: Tools, usage: list[Usage]
) -> tuple[list[Choice], list[str]]:
    """Choices of one aggregator for all indices. Some servers send fewer than `n`: the rest is asked for again."""
    wanted, choices, notes = len(state["indices"]), list[Choice](), list[str]()
    share = 1.0
    for attempt in range(wanted + _TRIES):
        messages, cuts = fit_prompt(llm, state, tools, share)
        seed = call_seed(tools.settings.seed, "candidate", *state["subset"], str(attempt), state["asked"]["question"])
        result = await llm.call(
            messages,
            n=wanted - len(choices),
            logprobs=True,
            seed=seed,
            timeout=run.time_left(),
            sampling=tools.settings.sampling,
        )
        usage.append(usage_of(result))
        if isinstance(result, Reply):
            choices += result.choices
            notes += [note for note in cuts if note not in notes]
        elif result.kind == "overflow" and share > _SHRINK**_TRIES:
            share *= _SHRINK
            continue
        else:
            notes.append(f"an aggregator failed: {result.kind}: {result.message}")
        if isinstance(result, Failure) or len(choices) >= wanted:
            break
    return choices[:wanted], notes


def fit_prompt(llm: LLM, state: AggregatorTask, tools: Tools, share: float) -> tuple[list[Message], list[str]]:
    """The prompt for `share` of the LLM's window, and what was cut for it.

    Every reference is cut to the same text in all subsets, or the prompts would no longer share their prefixes.
    """
    asked, references = state["asked"], state["references"]
    whole = {reference["llm"]: reference["text"] for reference in references}
    sampling = tools.settings.sampling | llm.spec.sampling.model_dump(exclude_none=True)
    reply = min(sampling["max_tokens"], llm.window // 2)
    room = llm.window - reply - _RESERVE
    frame = _prompt([""] * len(state["subset"]), asked, tools)
    longest = sorted(map(len, whole.values()), reverse=True)[: len(state["subset"])]
    if share == 1.0 and at_most_tokens(frame) + sum(longest) <= room:  # no need to count
        return _prompt([whole[name] for name in state["subset"]], asked, tools), []
    room = int((room - estimate_prompt(frame)) * share)
    lengths = [estimate_tokens(text) for text in whole.values()]
    limits = token_limits(lengths, len(state["subset"]), max(room, _LEAST * len(state["subset"])))
    sizes = list(zip(whole, lengths, limits, strict=True))
    texts = {name: cut(whole[name], length, limit) for name, length, limit in sizes}
    cuts = [
        f"the reference of {name} was cut from {length} to {limit} tokens for the window of {llm.name}"
        for name, length, limit in sizes
        if limit < length and name in state["subset"]
    ]
    return _prompt([texts[name] for name in state["subset"]], asked, tools), cuts


def _prompt(texts: Sequence[str], asked: dict[str, Any], tools: Tools) -> list[Message]:
    return tools.prompts.aggregation(
        asked["task"], asked["question"], texts, system=asked["system"], history=asked["history"]
    )


def _candidates(choices: Sequence[Choice], llm: LLM, state: AggregatorTask) -> list[Candidate]:
    return [
        Candidate(
            index=index,
            text=choice.text,
            reasoning=choice.reasoning,
            subset=state["subset"],
            aggregator=llm.name,
            logprob=_mean_logprob(choice),
        )
        for index, choice in zip(state["indices"], choices, strict=False)
    ]


def _mean_logprob(choice: Choice) -> float | None:
    if choice.logprob_sum is None or choice.logprob_count == 0:
        return None
    return choice.logprob_sum / choice.logprob_count
