"""Referencer: one LLM answers the question; if it fails or is late, the next-best LLM by prior stands in.

Several samples of one LLM are one call with `n` choices; where fewer come, the rest is asked for again.

A failure ends nothing: every call leaves a record. Once half the question's deadline is over, a quorum of
references is enough and calls still under way are given up; at three quarters a single reference is
(docs/method.md).
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.question import Asked
from smacs.nodes.shared.records import Reference, Usage, learned, total_usage, unread, usage_of
from smacs.nodes.shared.remarks import Remark, each_once
from smacs.nodes.shared.run import REFERENCE_LIMIT, REFERENCE_SHARE, Run, Tools, run_of
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply


class ReferencerTask(TypedDict):
    """What one referencer is sent: the LLM, how many samples `n` of its reply, and the ranking of all LLMs."""

    asked: Asked
    llm: str
    n: int
    priors: dict[str, float]
    run: Run | None


async def referencer(state: ReferencerTask, tools: Tools) -> dict[str, Any]:
    """Call the LLM, then its substitutes until one answers or time is up."""
    run = run_of(state.get("run"), tools.settings)
    ranks = {name: rank for rank, name in enumerate(state["priors"])}
    records: list[Reference] = []
    usage: list[Usage] = []
    notes: list[Remark] = []
    reasons: list[Remark] = []
    name: str | None = state["llm"]
    while name is not None:
        results = await _ask(tools.pool.llms[name], state, run, tools)
        new = _records(results, ranks[name], state["priors"][name])
        records += new
        usage += map(usage_of, results)
        notes += [note for result in results for note in learned(result)]
        reasons += each_once(reason for result in results for reason in unread(result))
        for record in new:
            tools.emit({"event": "referencer", **{k: v for k, v in record.items() if k != "reasoning"}})
        if isinstance(results[0], Reply):
            run.count_reference(tools.settings.enough)
            break
        late = run.time_left(REFERENCE_SHARE) == 0 and run.quorum.is_set()
        name = None if late or run.time_left(REFERENCE_LIMIT) == 0 else run.next_substitute()
    return {"references": records, "usage": total_usage(usage), "notes": notes, "degraded": reasons}


async def _ask(llm: LLM, task: ReferencerTask, run: Run, tools: Tools) -> list[Reply | Failure]:
    """All samples, given up at the limit, or from half the deadline on as soon as the quorum is there."""
    call = asyncio.ensure_future(_sample(llm, task, run, tools))
    quorum = asyncio.ensure_future(run.quorum.wait())
    start = time.monotonic()
    try:
        await asyncio.wait({call}, timeout=run.time_left(REFERENCE_SHARE))
        await asyncio.wait({call, quorum}, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            return call.result()
        text = f"{llm.name}: given up after half the deadline, enough other references were there"
        return [Failure(llm.name, "cancelled", text, time.monotonic() - start)]
    finally:
        call.cancel()
        quorum.cancel()
        await asyncio.gather(call, quorum, return_exceptions=True)


async def _sample(llm: LLM, task: ReferencerTask, run: Run, tools: Tools) -> list[Reply | Failure]:
    """The calls that gave the samples: one, unless its server sends fewer; a failure ends them."""
    asked, settings = task["asked"], tools.settings
    messages = tools.prompts.messages(
        asked["task"], asked["question"], system=asked["system"], history=asked["history"]
    )
    results: list[Reply | Failure] = []
    missing = task["n"]
    while missing > 0:
        again = [str(len(results))] if results else []
        seed = call_seed(settings.seed, "reference", llm.name, *again, asked["question"])
        limit = run.time_left(REFERENCE_LIMIT)
        result = await llm.call(messages, n=missing, seed=seed, timeout=limit, sampling=settings.sampling)
        results.append(result)
        missing = missing - len(result.choices) if isinstance(result, Reply) else 0
    return results


def _records(results: Sequence[Reply | Failure], rank: int, prior: float) -> list[Reference]:
    """One record for each sample; one with the error where there is none."""
    first = results[0]
    if isinstance(first, Failure):
        error = f"{first.kind}: {first.message}"
        return [_record(first, rank, prior, error=error)]
    replies = [result for result in results if isinstance(result, Reply)]
    pairs = [(reply, choice) for reply in replies for choice in reply.choices]
    return [
        _record(
            reply,
            rank,
            prior,
            sample=sample,
            text=choice.text,
            reasoning=choice.reasoning,
            finish=choice.finish,
            tokens=reply.completion_tokens // len(reply.choices),
        )
        for sample, (reply, choice) in enumerate(pairs)
    ]


def _record(
    result: Reply | Failure,
    rank: int,
    prior: float,
    *,
    sample: int = 0,
    text: str = "",
    reasoning: str = "",
    finish: str = "",
    tokens: int = 0,
    error: str | None = None,
) -> Reference:
    return {
        "llm": result.llm,
        "sample": sample,
        "rank": rank,
        "prior": prior,
        "text": text,
        "reasoning": reasoning,
        "finish": finish,
        "tokens": tokens,
        "seconds": round(result.seconds, 3),
        "error": error,
    }
