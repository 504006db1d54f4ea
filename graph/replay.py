"""A run once more from its trace: the same graph, with LLMs that say what they said then. No LLM is called.

Priors come from the bank and similarities from the embedder, as then. Under other settings it shows what would have
been chosen, as long as that needs no call that was not made.
"""

import math
from collections.abc import Mapping
from typing import Any

from smacs.errors import InputError
from smacs.graph.frame import RANKING, AnyBank, AnyPool, open_bank, open_pool
from smacs.graph.recorded_llm import RecordedLLM
from smacs.graph.settings import default_drop
from smacs.graph.systems import SINGLE_LLM, build_system
from smacs.graph.trace import Trace
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts

_CLOSE = 1e-6  # relative; another machine's last bits are no other bank


async def replay(
    trace: Trace,
    *,
    pool: AnyPool = "local",
    bank: AnyBank = None,
    settings: Mapping[str, Any] | None = None,
    prompts: Prompts | None = None,
) -> dict[str, Any]:
    """What the graph of the trace's system returns, `settings` over those of the trace; `usage` is what was spent then.

    `degraded` says when the bank is no longer the one that the trace was made with. Raises InputError where a call
    would be needed that the trace lacks, where the pool lacks its LLMs, or for a setting that its system has no use
    for.
    """
    settings = settings or {}
    under = _under(trace.settings, settings)
    part = _recorded(open_pool(pool), trace)
    graph = build_system(trace.system, part, open_bank(bank), settings, under=under, prompts=prompts)
    state = await graph.compile(name=trace.system).ainvoke(trace.asked.input)
    result = {key: value for key, value in state.items() if key != "messages"}
    if not settings.keys() & set(RANKING) and not same_priors(trace.priors, result["priors"]):
        changed = "the bank has changed since: the priors are not those of the trace"
        result["degraded"] = [*result["degraded"], changed]
    return {**result, "usage": trace.usage}


def _under(then: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of then; k_drop is worked out anew for another k where it was what follows from the k of then."""
    derived = "k" in settings and isinstance(then.get("k"), int) and then.get("k_drop") == default_drop(then["k"])
    return {name: value for name, value in then.items() if name != "k_drop" or not derived}


def compare(trace: Trace, result: Mapping[str, Any]) -> list[str]:
    """What a replay brought out otherwise than its trace has it, in plain language; nothing when all is the same."""
    lines = []
    if not same_priors(trace.priors, result["priors"]):
        lines.append("the priors differ")
    if trace.subsets != result["subsets"]:
        lines.append("the subsets differ")
    lines += _scores(trace, result)
    then, now = (
        (trace.selected.candidate, trace.selected.llm),
        (result["selected"]["candidate"], result["selected"]["llm"]),
    )
    if then != now:
        lines.append(f"selected is {_chosen(*now)}, then it was {_chosen(*then)}")
    if trace.answer != result["answer"]:
        lines.append("the answer is another one")
    return lines


def same_priors(then: Mapping[str, float], now: Mapping[str, float]) -> bool:
    """Whether the priors are the same but for rounding, in the same order."""
    return list(then) == list(now) and all(_close(then[name], now[name]) for name in then)


def _recorded(pool: Pool, trace: Trace) -> Pool:
    """The LLMs that the trace ranks, each saying again what it said; one that answered alone had no others to beat."""
    missing = [name for name in trace.priors if name not in pool.llms]
    if missing:
        raise InputError(
            f"The trace is of another pool: {pool.source} has no {', '.join(missing)}. Name the pool that answered."
        )
    part = pool.part(list(pool.llms if trace.system == SINGLE_LLM else trace.priors))
    part.llms = {name: RecordedLLM(llm, trace) for name, llm in part.llms.items()}
    return part


def _scores(trace: Trace, result: Mapping[str, Any]) -> list[str]:
    then = {candidate["index"]: candidate["score"] for candidate in trace.candidates}
    now = {candidate["index"]: candidate["score"] for candidate in result["candidates"]}
    other = [index for index in sorted(then.keys() | now.keys()) if not _close(then.get(index), now.get(index))]
    return [
        f"the score of candidate {i + 1} is {_number(now.get(i))}, then it was {_number(then.get(i))}" for i in other
    ]


def _close(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=_CLOSE, abs_tol=_CLOSE)


def _chosen(candidate: int | None, llm: str) -> str:
    return f"the reference of {llm}" if candidate is None else f"candidate {candidate + 1}, written by {llm}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
