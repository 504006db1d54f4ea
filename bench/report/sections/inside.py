"""Inside SMACS: where right answers get lost, and what decides."""

from collections.abc import Mapping, Sequence

from smacs.bench.report.charts.dots import Dot, dots
from smacs.bench.report.charts.svg import MAIN, PLAIN
from smacs.bench.report.figures import Point
from smacs.bench.report.model import Inside, Report, Terms
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import cell, gain, number, p_value, percent

TITLE = "Inside SMACS"
CHOICE = (
    "Other ways to choose among the same candidates: by the similarity term alone, by the perplexity term alone, by "
    "chance (the mean of the candidates), and the bound, a right one if there is one. The first reference is the one "
    "with the highest prior."
)


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
