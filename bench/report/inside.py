"""What happens inside SMACS: where right answers get lost, and which term of the posterior score (eq. 7) decides."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from smacs.bench.report.candidates import RIGHT, Candidates, candidates
from smacs.bench.report.changes import changes, first_right
from smacs.bench.report.figures import Point
from smacs.bench.report.model import Inside
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.read import Run
from smacs.bench.report.share import share
from smacs.bench.report.terms import terms
from smacs.bench.run.records import Outcome

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def inside(run: Run) -> Inside | None:
    """Over the questions for which SMACS made candidates; None without any."""
    rows = [row for row, line in enumerate(run.lines.get(REFERENCE, [])) if line and line.selected is not None]
    if not rows:
        return None
    lines = [line for row in rows if (line := run.lines[REFERENCE][row])]
    made = candidates(lines)
    deciding = made.where(made.choosable)
    return Inside(
        questions=len(rows),
        choosable=len(deciding.selected),
        chosen=share(float(deciding.at(deciding.selected).sum()), len(deciding.selected)),
        stages=list(_stages(run, rows, lines, made)),
        choices=list(_choices(made)),
        choices_choosable=list(_choices(deciding)),
        kept=list(_kept(lines, made)),
        changes=changes(run),
        terms=terms(made),
    )


def _stages(run: Run, rows: Sequence[int], lines: Sequence[Outcome], made: Candidates) -> Iterator[Point]:
    """From what the pool could do to what SMACS answers."""
    alone = [name for name, spec in run.specs.items() if spec.llm and not spec.settings and not spec.pool]
    if alone:
        grades = np.stack([run.column(name)[rows] for name in alone], axis=1)
        yield _point("an LLM alone is right", np.where(np.isnan(grades), 0, grades).max(axis=1) >= RIGHT)
    yield _point("a reference is right", _referenced(lines))
    yield _point("a candidate is right", made.some)
    yield _point("the answer is right", made.at(made.selected) > 0)
    yield _point("the first reference is right", first_right(lines) > 0)


def _choices(made: Candidates) -> Iterator[Point]:
    """How often other ways to choose among the candidates are right."""
    count = len(made.selected)
    if not count:
        return
    yield _point("as SMACS chose", made.at(made.selected) > 0)
    if not np.isnan(made.similarity).all():
        yield _point("by similarity alone", made.at(made.by_similarity()) > 0)
    if not np.isnan(made.perplexity).all():
        yield _point("by perplexity alone", made.at(made.by_perplexity()) > 0)
    yield Point(name="by chance", share=share(float(np.nanmean(made.right, axis=1).sum()), count), questions=count)
    yield _point("a right one if there is one", made.some)


def _kept(lines: Sequence[Outcome], made: Candidates) -> Iterator[Point]:
    """How often the aggregator writes a right candidate, by whether a reference was right."""
    referenced = _referenced(lines)
    each = np.nanmean(made.right, axis=1)
    for name, rows in (("a reference was right", referenced), ("no reference was right", ~referenced)):
        count = int(rows.sum())
        yield Point(name=name, share=share(float(each[rows].sum()), count), questions=count)


def _referenced(lines: Sequence[Outcome]) -> Bools:
    return np.array([any(r.correct >= RIGHT for r in line.references) for line in lines])


def _point(name: str, right: Bools) -> Point:
    return Point(name=name, share=share(float(right.sum()), len(right)), questions=len(right))
