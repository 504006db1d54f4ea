"""Referencer: one LLM answers the question; if it fails or is late, the next-best LLM by prior stands in.

A failure ends nothing: every call leaves a record. Once half the question's deadline is over, a quorum of
references is enough and calls still under way are given up; at three quarters a single reference is (algorithm.md,
section 4).
"""

import asyncio
import time
from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.records import Reference, Usage, total_usage, usage_of
from smacs.nodes.run import REFERENCE_LIMIT, REFERENCE_SHARE, Run, Tools, call_seed, run_of
from smacs.pool.llm import LLM
from smacs.pool.replies import Failure, Reply


class ReferencerTask(TypedDict):
    """What one referencer is sent."""

    asked: dict[str, Any]
    llm: str
    priors: dict[str, float]
    run: Run | None


async def referencer(state: ReferencerTask, tools: Tools) -> dict[str, Any]:
    """Call the LLM, then its substitutes until one answers or time is up."""
    run = run_of(state.get("run"), tools.settings)
    ranks = {name: rank for rank, name in enumerate(state["priors"])}
    records: list[Reference] = []
    usage: list[Usage] = []
    name: str | None = state["llm"]
    while name is not None:
        result = await _ask(tools.pool.llms[name], state["asked"], run, tools)
        record = _record(result, ranks[name], state["priors"][name])
        records.append(record)
        usage.append(usage_of(result))
        tools.emit({"event": "referencer", **{k: v for k, v in record.items() if k != "reasoning"}})
        if isinstance(result, Reply):
            run.arrived(tools.settings.enough)
            break
        late = run.time_left(REFERENCE_SHARE) == 0 and run.quorum.is_set()
        name = None if late or run.time_left(REFERENCE_LIMIT) == 0 else run.next_substitute()
    return {"references": records, "usage": total_usage(usage)}


async def _ask(llm: LLM, asked: dict[str, Any], run: Run, tools: Tools) -> Reply | Failure:
    """One call, given up at the limit, or from half the deadline on as soon as the quorum is there."""
    messages = tools.prompts.messages(
        asked["task"], asked["question"], system=asked["system"], history=asked["history"]
    )
    seed = call_seed(tools.settings.seed, "reference", llm.name, asked["question"])
    call = asyncio.ensure_future(
        llm.call(messages, seed=seed, timeout=run.time_left(REFERENCE_LIMIT), sampling=tools.settings.sampling)
    )
    quorum = asyncio.ensure_future(run.quorum.wait())
    start = time.monotonic()
    try:
        await asyncio.wait({call}, timeout=run.time_left(REFERENCE_SHARE))
        await asyncio.wait({call, quorum}, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            return call.result()
        text = f"{llm.name} at {llm.endpoint}: given up after half the deadline, enough other references were there"
        return Failure(llm.name, "cancelled", text, time.monotonic() - start)
    finally:
        call.cancel()
        quorum.cancel()
        await asyncio.gather(call, quorum, return_exceptions=True)


def _record(result: Reply | Failure, rank: int, prior: float) -> Reference:
    record: Reference = {
        "llm": result.llm,
        "rank": rank,
        "prior": prior,
        "text": "",
        "reasoning": "",
        "tokens": 0,
        "seconds": round(result.seconds, 3),
        "error": None,
    }
    if isinstance(result, Failure):
        record["error"] = f"{result.kind}: {result.message}"
    else:
        choice = result.choices[0]
        record |= {"text": choice.text, "reasoning": choice.reasoning, "tokens": result.completion_tokens}
    return record
