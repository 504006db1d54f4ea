"""Table 3: do the priors rank the LLMs as they turn out? Pairwise ranking score, eq. 8."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.bootstrap import intervals
from smacs.bench.prior.metrics import Tally, ranked_pairs
from smacs.bench.report import paper
from smacs.bench.report.figures import Interval
from smacs.bench.report.model import Ranking
from smacs.bench.report.read import Run

SYSTEMS = ("smacs", "symbolic_moe")


def ranking(run: Run) -> list[Ranking]:
    """For each system with priors: every benchmark, then all together (`benchmark` empty)."""
    llms = {spec.llm: name for name, spec in run.specs.items() if spec.llm and not spec.settings and not spec.pool}
    if len(llms) < 2:
        return []
    return [row for system in SYSTEMS if system in run.specs for row in _rows(run, system, llms)]


def _rows(run: Run, system: str, llms: dict[str, str]) -> Iterator[Ranking]:
    tally = _tally(run, system, llms)
    if not tally.of.any():
        return
    member = [(name, run.benchmark == code) for code, name in enumerate(run.benchmarks)]
    for name, rows in [*member, ("", np.ones(len(run.ids), bool))]:
        yield _ranking(run, system, name, Tally(tally.gained[rows], tally.of[rows]))


def _tally(run: Run, system: str, llms: dict[str, str]) -> Tally:
    """Eq. 8 over the LLMs with both a prior and an answer of their own."""
    scores = np.array([_priors(line.priors if line else {}, llms) for line in run.lines[system]])
    correct = np.stack([run.column(name) for name in llms.values()], axis=1)
    return ranked_pairs(scores, np.where(np.isnan(scores), np.nan, correct))


def _priors(priors: dict[str, float], llms: dict[str, str]) -> list[float]:
    return [priors.get(llm, np.nan) for llm in llms]


def _ranking(run: Run, system: str, benchmark: str, tally: Tally) -> Ranking:
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
