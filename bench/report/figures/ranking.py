"""Table 3: do the priors rank the LLMs as they turn out? Pairwise ranking score, eq. 8."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.metrics import Tally, intervals, ranked_pairs
from smacs.bench.report import paper
from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import MAIN, PLAIN, Dot, dots
from smacs.bench.report.model import Interval, Ranking, Report
from smacs.bench.report.names import REFERENCE, system_title
from smacs.bench.report.sheet import Cell, Section, Sheet, cell, needs

SYSTEMS = ("smacs", "symbolic_moe")
TEXT = (
    "Eq. 8: of all pairs of an LLM that alone is right and one that is wrong, the share that the system's priors "
    "rank in that order; 50 % is chance. Intervals are bootstraps over questions. The paper's figures (diamonds) are "
    f"from its table 3 ({paper.SOURCE}): another pool.",
)
ALL = "all questions"


def ranking(run: RunArrays) -> list[Ranking]:
    """For each system with priors: every benchmark, then all together (`benchmark` empty)."""
    llms = {spec.llm: name for name, spec in run.specs.items() if spec.llm and not spec.settings and not spec.pool}
    if len(llms) < 2:
        return []
    return [row for system in SYSTEMS if system in run.specs for row in _rows(run, system, llms)]


def _rows(run: RunArrays, system: str, llms: dict[str, str]) -> Iterator[Ranking]:
    tally = _tally(run, system, llms)
    if not tally.of.any():
        return
    member = [(name, run.benchmark == code) for code, name in enumerate(run.benchmarks)]
    for name, rows in [*member, ("", np.ones(len(run.ids), bool))]:
        yield _ranking(run, system, name, Tally(tally.gained[rows], tally.of[rows]))


def _tally(run: RunArrays, system: str, llms: dict[str, str]) -> Tally:
    """Eq. 8 over the LLMs with both a prior and an answer of their own."""
    scores = np.array([_priors(line.priors if line else {}, llms) for line in run.lines[system]])
    correct = np.stack([run.column(name) for name in llms.values()], axis=1)
    return ranked_pairs(scores, np.where(np.isnan(scores), np.nan, correct))


def _priors(priors: dict[str, float], llms: dict[str, str]) -> list[float]:
    return [priors.get(llm, np.nan) for llm in llms]


def _ranking(run: RunArrays, system: str, benchmark: str, tally: Tally) -> Ranking:
    ends: npt.NDArray[np.float64] = intervals(tally.gained[:, None], tally.of[:, None], seed=run.info.seed)
    share, (low, high) = tally.share, ends[0].tolist()
    return Ranking(
        system=system,
        benchmark=benchmark,
        score=None if np.isnan(share) else Interval(100 * share, 100 * low, 100 * high),
        pairs=int(tally.of.sum()),
        questions=int((tally.of > 0).sum()),
        paper=paper.RANKING[system].get(benchmark),
    )


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
