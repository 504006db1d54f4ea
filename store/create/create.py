"""`create_bank`: from questions that somebody has to a bank, all of it or nothing."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smacs.errors import InputError
from smacs.store.bank import QuestionBank, check_new
from smacs.store.create.convert import Draft
from smacs.store.create.gather import gather
from smacs.store.create.leakage import OnProgress, Screen
from smacs.store.create.report import CreateReport, left_out, listed, write_report
from smacs.store.create.source import Source
from smacs.store.create.write import write_bank
from smacs.store.manifest import DEFAULT_EMBEDDER

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

# Measured with all-MiniLM-L6-v2. Edited copies that are found: options shuffled 100 %, an instruction put in front 98 %
# or more, other wrong options 93 %, a typing error every 80 letters 62 % (MBPP) to 87 % (MMLU-Pro). Of the pairs within
# MMLU-Pro between 0.9 and 0.97, 38 % have the same text with other options; of those between 0.88 and 0.9, 10 %. Price,
# one random half against the other: MATH-500 and IFEval 0 %, MedMCQA 3 %, MMLU-Pro 4 %, MBPP (tasks are alike) 10 %.
NEAR = 0.9


class Created(NamedTuple):
    """The new bank, and what was found on the way."""

    bank: QuestionBank
    report: CreateReport


async def create_bank(
    path: str | Path,
    sources: Sequence[Source],
    *,
    embedder: "Embedder | None" = None,
    exclude: Sequence[Source] = (),
    threshold: float | None = NEAR,
    skip_invalid: bool = False,
    report_file: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Created:
    """Make a bank in a new or empty folder from all `sources`, without any question of `exclude`.

    Each distinct question is taken once. Left out and reported are: texts with several labels, excluded texts, and
    questions whose embedding has cosine >= `threshold` with an excluded one (None: not looked for). Where a question
    cannot be graded nothing is written, or with `skip_invalid` it is left out. The report goes to `report_file` in any
    case. Default embedder: all-MiniLM-L6-v2. Raises InputError, BankError, EmbeddingError.
    """
    folder = check_new(path)
    report = CreateReport(bank=str(folder), threshold=threshold if exclude else None)
    on_progress = on_progress or _silent
    if report_file is not None:  # a place that cannot be written to is said now, not at the end
        await asyncio.to_thread(write_report, report_file, report)
    try:
        drafts, excluded = await asyncio.to_thread(gather, sources, exclude, report, on_progress)
        if report.problems and not skip_invalid:
            raise InputError(listed(report.problems))
        embedder = embedder or _default()
        screen = None
        if excluded and threshold is not None:
            screen = Screen(embedder, excluded, threshold, on_progress)
        chosen = await _choose(sources, drafts, screen, report)
        questions = [draft.question for draft in chosen]
        return Created(await write_bank(folder, embedder, questions, screen.vectors if screen else {}), report)
    finally:
        if report_file is not None:
            await asyncio.to_thread(write_report, report_file, report)


async def _choose(
    sources: Sequence[Source], drafts: Sequence[Draft], screen: Screen | None, report: CreateReport
) -> list[Draft]:
    """The questions of the bank: of each source at most its limit, and none that is nearly an excluded one."""
    chosen: list[Draft] = []
    for source, line in zip(sources, report.sources, strict=True):
        own = [draft for draft in drafts if draft.source == source.name]
        taken = await _of_source(source, own, screen)
        line.questions = len(taken)
        chosen += taken
    report.leaks += screen.leaks if screen else []
    if not chosen:
        raise InputError(f"No question is left for {report.bank}: {left_out(report)}.")
    report.questions = len(chosen)
    return chosen


async def _of_source(source: Source, own: list[Draft], screen: Screen | None) -> list[Draft]:
    """At most `limit` of them in the order of the rows; where there is a seed, drawn at random."""
    limit = len(own) if source.limit is None else source.limit
    order = list(own)
    if source.seed is not None:
        random.Random(source.seed).shuffle(order)
    taken = await screen.pick(order, limit) if screen else order[:limit]
    ids = {draft.question.id for draft in taken}
    return [draft for draft in own if draft.question.id in ids]


def _default() -> "Embedder":
    from smacs.pool.embed import make_embedder

    return make_embedder(DEFAULT_EMBEDDER)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody looks at the progress."""
