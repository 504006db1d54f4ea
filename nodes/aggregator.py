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
from smacs.nodes.window import fit_prompt
from smacs.pool.llm import LLM
from smacs.pool.prompts import Message
from smacs.pool.replies import Choice, Failure, Reply

_RESERVE = 64  # tokens: what the estimate may be off by
_SHRINK = 0.7  # of the room, when the server still finds the prompt too long
_TRIES = 3


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
        messages, cuts = _fit(llm, state, tools, share)
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


def _fit(llm: LLM, state: AggregatorTask, tools: Tools, share: float) -> tuple[list[Message], list[str]]:
    """The prompt for `share` of the LLM's window, and what was cut for it."""
    asked = state["asked"]
    texts = {reference["llm"]: reference["text"] for reference in state["references"]}
    sampling = tools.settings.sampling | llm.spec.sampling.model_dump(exclude_none=True)
    room = llm.window - min(sampling["max_tokens"], llm.window // 2) - _RESERVE

    def prompt(chosen: Sequence[str]) -> list[Message]:
        return tools.prompts.aggregation(
            asked["task"], asked["question"], chosen, system=asked["system"], history=asked["history"]
        )

    messages, cuts = fit_prompt(prompt, texts, state["subset"], room=room, share=share)
    return messages, [
        f"the reference of {name} was cut from {before} to {after} tokens for the window of {llm.name}"
        for name, (before, after) in cuts.items()
    ]


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
