"""Aggregator: an LLM turns one subset of the references into candidates.

The references stand in the prompt in descending order of prior, so that prompts of different subsets share long
prefixes, which the server's prefix cache serves; equal subsets are one call with `n` choices. When an aggregator
fails, the next one of the pool is called.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.question import Asked
from smacs.nodes.shared.reading import Reading, read
from smacs.nodes.shared.records import Candidate, Usage, total_usage
from smacs.nodes.shared.run import Run, Tools, run_of
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice


class AggregatorTask(TypedDict):
    """What one aggregator call is sent: all references (`name` and `text`), and which of them its subset holds."""

    asked: Asked
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
    reading = _reading(state, tools)
    usage: list[Usage] = []
    reasons: list[str] = []
    notes: list[str] = []
    for llm in aggregators(tools):
        written = await read(llm, reading, run, tools)
        usage += written.usage
        reasons += written.cuts
        notes += written.notes
        if written.failure:
            reasons.append(f"an aggregator failed: {written.failure.kind}: {written.failure.message}")
        if written.choices:
            candidates = _candidates(written.choices, llm, state)
            for candidate in candidates:
                tools.emit({"event": "candidate", "index": candidate["index"], "text": candidate["text"]})
            return {"candidates": candidates, "usage": total_usage(usage), "degraded": reasons, "notes": notes}
        if run.time_left() == 0:
            break
    return {"usage": total_usage(usage), "degraded": reasons, "notes": notes}


def aggregators(tools: Tools) -> list[LLM]:
    """The aggregators in the order they are tried: the one of the settings first."""
    chosen = tools.settings.aggregator
    rest = [llm for llm in tools.pool.aggregators if llm.name != chosen]
    return [tools.pool.llms[chosen], *rest] if chosen else rest


def _reading(state: AggregatorTask, tools: Tools) -> Reading:
    asked, seed = state["asked"], tools.settings.seed
    prompt = partial(
        tools.prompts.aggregation, asked["task"], asked["question"], system=asked["system"], history=asked["history"]
    )
    return Reading(
        prompt=prompt,
        texts={reference["name"]: reference["text"] for reference in state["references"]},
        subset=state["subset"],
        seed=lambda attempt: call_seed(seed, "candidate", *state["subset"], str(attempt), asked["question"]),
        n=len(state["indices"]),
        logprobs=True,
    )


def _candidates(choices: Sequence[Choice], llm: LLM, state: AggregatorTask) -> list[Candidate]:
    return [_candidate(index, choice, llm, state) for index, choice in zip(state["indices"], choices, strict=False)]


def _candidate(index: int, choice: Choice, llm: LLM, state: AggregatorTask) -> Candidate:
    logprob = _mean_logprob(choice)
    return {
        "index": index,
        "text": choice.text,
        "reasoning": choice.reasoning,
        "finish": choice.finish,
        "subset": state["subset"],
        "aggregator": llm.name,
        "logprob": logprob,
        "perplexity": None if logprob is None else float(np.exp(-logprob)),
        "similarity": None,
        "score": None,
    }


def _mean_logprob(choice: Choice) -> float | None:
    if choice.logprob_sum is None or choice.logprob_count == 0:
        return None
    return choice.logprob_sum / choice.logprob_count
