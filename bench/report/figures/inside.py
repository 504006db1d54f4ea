"""Inside SMACS: where right answers get lost, and what decides."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.candidates import RIGHT, Candidates, candidates, terms
from smacs.bench.report.charts import MAIN, PLAIN, Dot, dots
from smacs.bench.report.model import Change, Difference, Inside, Point, Report, Terms
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Cell, Section, Sheet, cell, gain, needs, number, p_value, percent
from smacs.bench.report.statistics import Gaps, share
from smacs.bench.run.records import Outcome

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
TITLE = "Inside SMACS"
CHOICE = (
    "Other ways to choose among the same candidates: by the similarity term alone, by the perplexity term alone, by "
    "chance (the mean of the candidates), and the bound, a right one if there is one. The first reference is the one "
    "with the highest prior."
)


def inside(run: RunArrays) -> Inside | None:
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


def _stages(run: RunArrays, rows: Sequence[int], lines: Sequence[Outcome], made: Candidates) -> Iterator[Point]:
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


def changes(run: RunArrays) -> list[Change]:
    """Of each benchmark, then of all questions (`benchmark` empty); questions without candidates are left out."""
    first = first_right(run.lines[REFERENCE])
    answer = np.where(np.isnan(first), np.nan, run.column(REFERENCE) >= RIGHT)
    gaps = Gaps.between([(answer, first)], run.benchmark, run.info.seed)
    each = [
        _change(name, run.benchmark == code, first, answer, gaps.within(code, 0))
        for code, name in enumerate(run.benchmarks)
    ]
    every = np.ones(len(run.ids), bool)
    return [found for found in [*each, _change("", every, first, answer, gaps.pooled(0))] if found]


def first_right(lines: Sequence[Outcome | None]) -> Floats:
    """(Q,) whether the first reference is right; NaN without candidates."""
    return np.array([np.nan if line is None or line.selected is None else _first(line) for line in lines])


def _first(line: Outcome) -> float:
    return float(bool(line.references) and max(line.references, key=lambda r: r.prior).correct >= RIGHT)


def _change(
    benchmark: str, rows: npt.NDArray[np.bool_], first: Floats, answer: Floats, difference: Difference | None
) -> Change | None:
    known = rows & ~np.isnan(first)
    if difference is None:
        return None
    shares = [share(float(right[known].sum()), int(known.sum())) for right in (first, answer)]
    return Change(benchmark=benchmark, first=shares[0], answer=shares[1], difference=difference)


def section(report: Report) -> Section:
    """From the pool to the answer, the choice among candidates, and the two terms of eq. 7."""
    found = report.inside
    if found is None:
        return Section("inside", TITLE, needs=needs(report, "inside", False))
    charts = [
        dots("stages", "Where right answers get lost", _dots(found.stages, "the answer is right"), "questions, %"),
        dots("choices", "Ways to choose among the candidates", _dots(found.choices, "as SMACS chose"), "questions, %"),
    ]
    sheets = [_stages_sheet(found), _changes_sheet(found, report.benchmarks), _choices_sheet(found)]
    if found.terms:
        sheets.append(_terms_sheet(found.terms))
    return Section("inside", TITLE, _text(found), charts, sheets)


def _dots(points: Sequence[Point], own: str) -> list[Dot]:
    return [Dot(p.name, p.share, MAIN if p.name == own else PLAIN) for p in points if p.share]


def _text(found: Inside) -> list[str]:
    choice = (
        f"Of {found.questions:,} questions with candidates, {found.choosable:,} have right and wrong ones, so that "
        "the choice decides."
    )
    if found.chosen:
        choice += f" On these SMACS chose a right one on {percent(found.chosen)}."
    return [choice, CHOICE, *([_spread(found.terms)] if found.terms else [])]


def _spread(terms: Terms) -> str:
    larger = "perplexity" if terms.spread_perplexity > terms.spread_similarity else "similarity"
    return (
        "How much the two terms of eq. 7 vary between the candidates of a question, mean standard deviation: "
        f"similarity {terms.spread_similarity:.3f}, weighted perplexity {terms.spread_perplexity:.3f}. The {larger} "
        "term weighs more."
    )


def _stages_sheet(found: Inside) -> Sheet:
    rows = [[Cell(p.name), cell(p.share, f"n = {p.questions:,}")] for p in found.stages]
    rows += [[Cell(f"a candidate is right, where {p.name}"), cell(p.share, f"n = {p.questions:,}")] for p in found.kept]
    return Sheet("Where right answers get lost", ["", "share, %"], rows, folded=True)


def _changes_sheet(found: Inside, titles: Mapping[str, str]) -> Sheet:
    rows = [
        [
            Cell(titles.get(change.benchmark, "all questions")),
            cell(change.first, f"n = {change.difference.questions:,}"),
            cell(change.answer, f"Δ {gain(change.difference)}", f"McNemar {p_value(change.difference.p)}"),
            Cell(f"{change.difference.ahead:,}"),
            Cell(f"{change.difference.behind:,}"),
        ]
        for change in found.changes
    ]
    headers = ["benchmark", "the first reference, %", "the answer, %", "mended", "spoilt"]
    return Sheet("What came of the first reference", headers, rows)


def _choices_sheet(found: Inside) -> Sheet:
    deciding = {point.name: point for point in found.choices_choosable}
    rows = [
        [Cell(p.name), cell(p.share), cell(deciding[p.name].share) if p.name in deciding else Cell("–")]
        for p in found.choices
    ]
    headers = ["choice", f"all {found.questions:,} questions, %", f"the {found.choosable:,} that the choice decides, %"]
    return Sheet("Ways to choose", headers, rows)


def _terms_sheet(terms: Terms) -> Sheet:
    share = 100 * terms.apart / terms.questions
    lines = {
        f"questions on which the terms want different candidates, of {terms.questions:,}": Cell(
            f"{terms.apart:,}", [f"{number(share)} %"]
        ),
        "the score sided with similarity": Cell(f"{terms.followed_similarity:,}"),
        "the score sided with perplexity": Cell(f"{terms.followed_perplexity:,}"),
        "the score took a third candidate": Cell(f"{terms.followed_neither:,}"),
        "similarity alone was right": Cell(f"{terms.only_similarity_right:,}", [f"McNemar {p_value(terms.p)}"]),
        "perplexity alone was right": Cell(f"{terms.only_perplexity_right:,}"),
        "both were right": Cell(f"{terms.both_right:,}"),
        "both were wrong": Cell(f"{terms.both_wrong:,}"),
    }
    rows = [[Cell(name), figure] for name, figure in lines.items()]
    return Sheet("Similarity against perplexity", ["", "questions"], rows)
