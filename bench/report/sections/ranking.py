"""Table 3: pairwise ranking score."""

from smacs.bench.report import paper
from smacs.bench.report.charts.dots import Dot, dots
from smacs.bench.report.charts.svg import MAIN, PLAIN
from smacs.bench.report.model import Ranking, Report
from smacs.bench.report.names import REFERENCE, system_title
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import cell

TEXT = (
    "Eq. 8: of all pairs of an LLM that alone is right and one that is wrong, the share that the system's priors "
    "rank in that order; 50 % is chance. Intervals are bootstraps over questions. The paper's figures (diamonds) are "
    f"from its table 3 ({paper.SOURCE}): another pool.",
)
ALL = "all questions"


def section(report: Report) -> Section:
    """The scores of each system on each benchmark."""
    rows = report.ranking
    lacking = needs(report, "ranking", bool(rows))
    if not rows:
        return Section("ranking", "Table 3: pairwise ranking score", needs=lacking)
    by_key = {(row.benchmark, row.system): row for row in rows}
    systems = list(dict.fromkeys(row.system for row in rows))
    names = {**report.benchmarks, "": ALL}
    found = {name: [by_key[key, system] for system in systems] for key, name in names.items()}
    cells = [[Cell(name), *(_cell(row) for row in of)] for name, of in found.items()]
    sheet = Sheet("Table 3", ["benchmark", *(system_title(system) for system in systems)], cells)
    chart = dots("ranking", "Pairwise ranking score", _dots(found), "pairs in the right order, %")
    return Section("ranking", "Table 3: pairwise ranking score", TEXT, [chart], [sheet], lacking)


def _cell(row: Ranking) -> Cell:
    made = cell(row.score, f"{row.pairs:,} pairs, {row.questions:,} questions")
    return Cell(made.text, made.small, "" if row.paper is None else f"{row.paper:.1f}")


def _dots(found: dict[str, list[Ranking]]) -> list[Dot]:
    made = []
    for name, rows in found.items():
        known = [row for row in rows if row.score]
        if known:
            made.append(Dot(name))
        for row in known:
            made.append(Dot(system_title(row.system), row.score, MAIN if row.system == REFERENCE else PLAIN, row.paper))
    return made
