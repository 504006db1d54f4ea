"""Evaluating LLMs on a bank: every missing cell of V (eq. 1) is asked, graded and written down.

It may be killed at any moment and started again: what was written stays, nothing that was written is asked twice.
A call that failed is no wrong answer: its cell stays missing and is asked again by the next pass.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from smacs.pool.calls.llm import LLM
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.missing import Missing, check_gradable, missing_cells
from smacs.store.evaluate.one_pass import OnProgress, Pass
from smacs.store.evaluate.selection import EVERYTHING, Selection
from smacs.store.evaluate.summary import EvaluationSummary
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation


async def evaluate(
    bank: QuestionBank,
    llm: LLM,
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
    on_progress: OnProgress | None = None,
) -> EvaluationSummary:
    """Ask `llm` every question of `bank` that it has no evaluation of, at most `llm.spec.in_flight` at once.

    `sampling` (temperature, max_tokens, ...) holds where the pool file says nothing for this LLM. `on_progress` is
    called whenever answers are on the disk or one has failed. Raises BankError, BankLockedError, and what
    `check_gradable` raises.
    """
    found = await evaluate_all(bank, [llm], prompts, sampling=sampling, selection=selection, on_progress=on_progress)
    return found[0]


async def evaluate_all(
    bank: QuestionBank,
    llms: Sequence[LLM],
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
    on_progress: OnProgress | None = None,
) -> list[EvaluationSummary]:
    """`evaluate` for several LLMs, those on different endpoints at the same time (see `lanes`)."""
    llms = list({llm.name: llm for llm in llms}.values())
    with write_lock(bank.path), ThreadPoolExecutor(os.cpu_count(), "grader") as graders:
        work = await asyncio.to_thread(plan, bank, [llm.name for llm in llms], prompts, selection)

        async def one_after_another(lane: Sequence[LLM]) -> None:
            for llm in lane:
                await _one(llm, work[llm.name], prompts, sampling or {}, graders, on_progress or (lambda _: None))

        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes(llms):
                    group.create_task(one_after_another(lane))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            graders.shutdown(wait=False, cancel_futures=True)
    return [work[llm.name].summary for llm in llms]


def lanes(llms: Sequence[LLM]) -> list[list[LLM]]:
    """LLMs that are asked one after another; the lanes themselves run at the same time.

    LLMs at one host and port share it, and so do all that are launched on this machine: at the same time each would
    only be slower. Two ports are two servers, with accelerators of their own.
    """
    found: dict[str, list[LLM]] = {}
    for llm in llms:
        found.setdefault(urlsplit(next(iter(llm.spec.urls), "")).netloc, []).append(llm)
    return list(found.values())


def plan(
    bank: QuestionBank, llms: Sequence[str], prompts: Prompts, selection: Selection = EVERYTHING
) -> dict[str, Missing]:
    """What each LLM would be asked. Raises BankError, InputError, and what `check_gradable` raises."""
    rows = selection.rows(bank)
    work = {llm: missing_cells(bank, llm, rows) for llm in llms}
    for missing in work.values():
        check_gradable(missing.questions(), prompts)
    return work


async def _one(
    llm: LLM,
    missing: Missing,
    prompts: Prompts,
    sampling: Mapping[str, Any],
    graders: Executor,
    on_progress: OnProgress,
) -> None:
    file = missing.bank.evaluation_file(llm.name)
    writer = await asyncio.to_thread(JsonlWriter, file, Evaluation)
    with writer:
        await Pass(llm, missing, Grading.of(llm.spec, prompts, sampling), sampling, graders, on_progress).run(writer)
