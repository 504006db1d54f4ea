"""What a question costs with each system: calls, tokens, seconds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.bootstrap import intervals
from smacs.bench.report.figures import Interval
from smacs.bench.report.model import Cost, System
from smacs.bench.report.read import Run
from smacs.bench.run.records import Outcome

MEASURES = ("calls", "prompt_tokens", "completion_tokens", "tokens", "seconds", "llm_seconds")
Floats = npt.NDArray[np.float64]


def costs(run: Run, systems: Sequence[System]) -> list[Cost]:
    """Means over all questions that a system answered, with bootstrap intervals from the same draws."""
    spent = np.stack([_spent(run.lines[row.spec]) for row in systems], axis=1)  # (Q, S, measures)
    known = ~np.isnan(spent)
    flat = (len(spent), -1)
    ends = intervals(np.nan_to_num(spent).reshape(flat), known.reshape(flat).astype(np.float64), seed=run.info.seed)
    means = np.nanmean(spent, axis=0)
    return [_cost(row, *figures) for row, *figures in zip(systems, means, ends.reshape(*means.shape, 2), strict=True)]


def _cost(row: System, means: Floats, ends: Floats) -> Cost:
    made = zip(MEASURES, means.tolist(), ends.tolist(), strict=True)
    figures = {name: Interval(value, low, high) for name, value, (low, high) in made}
    return Cost(
        spec=row.spec,
        title=row.title,
        group=row.group,
        questions=row.mean.questions,
        accuracy=row.mean.accuracy,
        **figures,
    )


def _spent(lines: Sequence[Outcome | None]) -> Floats:
    """(Q, measures) what each question took, NaN where it was not answered."""
    unknown = (np.nan,) * len(MEASURES)
    return np.array([_measures(line) if line else unknown for line in lines])


def _measures(line: Outcome) -> tuple[float, ...]:
    tokens = line.prompt_tokens + line.completion_tokens
    return line.calls, line.prompt_tokens, line.completion_tokens, tokens, line.seconds, line.llm_seconds
