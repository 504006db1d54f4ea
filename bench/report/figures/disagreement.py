"""Questions on which systems disagree: how many, and a few of each benchmark with the replies."""

import numpy as np
import numpy.typing as npt

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.model import Disagreements, DisputedQuestion, Group, QuotedReply
from smacs.bench.report.names import REFERENCE, group, title
from smacs.bench.run.folder import read_questions
from smacs.store.records import Question

EACH = 8  # questions shown of a benchmark
LONGEST = 1200  # characters of a reply
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
GROUPS: tuple[Group, ...] = ("system", "llm")


def disagreements(run: RunArrays) -> Disagreements:
    """Shown first: where SMACS stands against most others, wrong and right by turns."""
    specs = [name for name, spec in run.specs.items() if group(spec) in GROUPS]
    grades = np.stack([run.column(name) for name in specs], axis=1)
    differ = np.nanmax(grades, axis=1, initial=-1) > np.nanmin(grades, axis=1, initial=2)
    rows = [row for code in range(len(run.benchmarks)) for row in _chosen(run, grades, specs, differ, code)]
    questions = {
        (name, question.id): question for name in run.benchmarks for question in read_questions(run.folder, name)
    }
    shown = [_shown(run, row, specs, questions[run.benchmarks[run.benchmark[row]], run.ids[row]]) for row in rows]
    return Disagreements(count=int(differ.sum()), questions=len(grades), shown=shown)


def _chosen(run: RunArrays, grades: Floats, specs: list[str], differ: Bools, code: int) -> list[int]:
    """Rows of one benchmark, those with the largest gap between SMACS and the others first."""
    rows = np.flatnonzero(differ & (run.benchmark == code))
    if REFERENCE not in specs:
        return [int(row) for row in rows[:EACH]]
    own = grades[rows, specs.index(REFERENCE)]
    gap = np.nan_to_num(own - np.nanmean(grades[rows], axis=1))
    lost, won = rows[np.argsort(gap, kind="stable")], rows[np.argsort(-gap, kind="stable")]
    turns = [int(row) for pair in zip(lost, won, strict=True) for row in pair]
    return list(dict.fromkeys(turns))[:EACH]


def _shown(run: RunArrays, row: int, specs: list[str], question: Question) -> DisputedQuestion:
    answered = [spec for spec in specs if run.lines[spec][row]]
    return DisputedQuestion(
        benchmark=run.benchmarks[run.benchmark[row]],
        id=question.id,
        text=question.text[:LONGEST],
        label="" if question.label is None else str(question.label)[:LONGEST],
        replies=[_reply(run, spec, row) for spec in answered],
    )


def _reply(run: RunArrays, spec: str, row: int) -> QuotedReply:
    result = run.full(spec, row)
    return QuotedReply(
        spec=spec,
        title=title(run.specs[spec]),
        correct=result.correct,
        answer=None if result.answer is None else result.answer[:LONGEST],
        text=result.response[:LONGEST],
        cut=max(0, len(result.response) - LONGEST),
        error=result.error,
    )
