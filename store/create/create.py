"""Creating a bank from questions that somebody has: `create_bank` makes all of it or nothing."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smacs.errors import GradingError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank, check_new
from smacs.store.create.columns import find_columns
from smacs.store.create.duplicates import OnProgress, Screen, distinct, unique_ids, without_excluded
from smacs.store.create.questions import SourcedQuestion, read_questions
from smacs.store.create.report import CreateReport, Problem, SourceReport, omissions, problem_list, write_report
from smacs.store.create.sources import Rows, Source, read_source
from smacs.store.graders import check_label
from smacs.store.manifest import DEFAULT_EMBEDDER
from smacs.store.merge import Found, merge
from smacs.store.records import Question
from smacs.store.text import normalised

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

# Measured with all-MiniLM-L6-v2. Edited copies that are found: options shuffled 100 %, an instruction put in front 98 %
# or more, other wrong options 93 %, a typing error every 80 letters 62 % (MBPP) to 87 % (MMLU-Pro). Of the pairs within
# MMLU-Pro between 0.9 and 0.97, 38 % have the same text with other options; of those between 0.88 and 0.9, 10 %. Price,
# one random half against the other: MATH-500 and IFEval 0 %, MedMCQA 3 %, MMLU-Pro 4 %, MBPP (tasks are alike) 10 %.
NEAR = 0.9
Vectors = Mapping[str, NDArray[np.float32]]  # by question id, from the embedder of the bank
_EVERY = 100  # labels that are checked between two calls of `on_progress`


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

    Each distinct question is taken once. Left out and reported are texts with several labels, excluded texts, and
    questions whose embedding has cosine >= `threshold` with an excluded one (None: not compared). If a question cannot
    be graded nothing is written; with `skip_invalid` only that question is left out. The report goes to `report_file`
    in any case. Default embedder: all-MiniLM-L6-v2. Raises InputError, BankError, EmbeddingError.
    """
    folder = check_new(path)
    report = CreateReport(bank=str(folder), threshold=threshold if exclude else None)
    on_progress = on_progress or _silent
    if report_file is not None:  # if it cannot be written, say so now and not at the end
        await asyncio.to_thread(write_report, report_file, report)
    try:
        items, excluded = await asyncio.to_thread(_read, sources, exclude, report, on_progress)
        if report.problems and not skip_invalid:
            raise InputError(problem_list(report.problems))
        embedder = embedder or _default()
        screen = None
        if excluded and threshold is not None:
            screen = Screen(embedder, excluded, threshold, on_progress)
        chosen = await _choose(sources, items, screen, report)
        questions = [item.question for item in chosen]
        return Created(await _write_bank(folder, embedder, questions, screen.vectors if screen else {}), report)
    finally:
        if report_file is not None:
            await asyncio.to_thread(write_report, report_file, report)


async def _choose(
    sources: Sequence[Source], items: Sequence[SourcedQuestion], screen: Screen | None, report: CreateReport
) -> list[SourcedQuestion]:
    """The questions of the bank: of each source at most its limit, and none that is nearly an excluded one."""
    chosen: list[SourcedQuestion] = []
    for source, line in zip(sources, report.sources, strict=True):
        own = [item for item in items if item.source == source.name]
        taken = await _of_source(source, own, screen)
        line.questions = len(taken)
        chosen += taken
    report.leaks += screen.leaks if screen else []
    if not chosen:
        raise InputError(f"No question is left for {report.bank}: {omissions(report)}.")
    report.questions = len(chosen)
    return chosen


async def _of_source(source: Source, own: list[SourcedQuestion], screen: Screen | None) -> list[SourcedQuestion]:
    """At most `limit` of them in the order of the rows; with a seed they are drawn at random."""
    limit = len(own) if source.limit is None else source.limit
    order = list(own)
    if source.seed is not None:
        random.Random(source.seed).shuffle(order)
    taken = await screen.pick(order, limit) if screen else order[:limit]
    ids = {item.question.id for item in taken}
    return [item for item in own if item.question.id in ids]


def _default() -> "Embedder":
    from smacs.pool.embed import make_embedder  # imported here because it is slow and not always needed

    return make_embedder(DEFAULT_EMBEDDER)


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def _read(
    sources: Sequence[Source], exclude: Sequence[Source], report: CreateReport, on_progress: OnProgress
) -> tuple[list[SourcedQuestion], list[SourcedQuestion]]:
    """The questions that the bank may have, and the excluded ones: all that needs no embedding.

    Duplicates, problems and exact leaks go into `report`. Blocks. Raises InputError.
    """
    _check_names([*sources, *exclude])
    every = [item for source in exclude for item in _texts(source, report)]
    excluded = list({normalised(item.question.text): item for item in reversed(every)}.values())[::-1]
    found = [item for source in sources for item in _questions(source, report)]
    items = _gradable(found, report.problems, on_progress)
    items, report.duplicates, report.conflicts = distinct(items)
    items, problems = unique_ids(items)
    report.problems += problems
    items, report.leaks = without_excluded(items, excluded)
    return items, excluded


def _check_names(sources: Sequence[Source]) -> None:
    names = [source.name for source in sources]
    twice = next((source for source in sources if names.count(source.name) > 1), None)
    if twice is not None:
        raise InputError(f"Two sources are called {twice.name!r}. Give {twice.where} a name: NAME={twice.where}.")


def _questions(source: Source, report: CreateReport) -> list[SourcedQuestion]:
    rows = read_source(source)
    columns = find_columns(source, _names(rows))
    items, problems, grader = read_questions(rows, columns)
    report.problems += problems
    line = SourceReport(source.where, source.name, columns.describe(), grader, len(rows.rows))
    report.sources.append(line)
    return items


def _texts(source: Source, report: CreateReport) -> list[SourcedQuestion]:
    """The excluded questions of a source. Raises InputError if one cannot be read: it might get into the bank."""
    rows = read_source(source)
    columns = find_columns(source, _names(rows), label=False)
    items, problems, _ = read_questions(rows, columns, label=False)
    if problems:
        raise InputError(f"An excluded question cannot be read: {problems[0]}.")
    text = f"text={columns.fields['text']!r}".replace("\\\\n", "\\n")
    report.excluded.append(SourceReport(source.where, source.name, text, "", len(rows.rows), len(items)))
    return items


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows.rows for name in row.values))


def _gradable(
    items: Sequence[SourcedQuestion], problems: list[Problem], on_progress: OnProgress
) -> list[SourcedQuestion]:
    """The questions whose grader can use their label; the others go to `problems`."""
    good = []
    for number, item in enumerate(items, 1):
        try:
            check_label(item.question)
            good.append(item)
        except GradingError as error:
            problems.append(Problem(item.place, str(error)))
        if number % _EVERY == 0 or number == len(items):
            on_progress("checking labels", number, len(items))
    return good


async def _write_bank(
    folder: Path, embedder: "Embedder", questions: Sequence[Question], vectors: Vectors
) -> QuestionBank:
    """The bank of these questions; it keeps the vectors, which need not be computed again. Raises BankError."""
    spec = embedder.spec
    if spec.dimension is None:  # a bank fixes it
        spec = spec.model_copy(update={"dimension": (await embedder.embed(["How long is a vector?"])).shape[1]})
    return await asyncio.to_thread(_write, folder, spec, questions, vectors)


def _write(folder: Path, spec: EmbedderSpec, questions: Sequence[Question], vectors: Vectors) -> QuestionBank:
    with QuestionBank.draft(folder, spec, questions) as bank:
        if vectors:
            merge(bank, (Found(question, vector=vectors[question.id]) for question in questions))
    return QuestionBank.open(folder)
