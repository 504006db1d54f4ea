"""The sections of the page in their order. A file is one figure or table: its numbers, its chart and its section."""

from collections.abc import Callable

from smacs.bench.report.figures import (
    ablation,
    aggregators,
    cost,
    diversity,
    inside,
    ranking,
    scaling,
    support,
    systems,
)
from smacs.bench.report.model import Report
from smacs.bench.report.sheet import Section

SECTIONS: tuple[Callable[[Report], Section], ...] = (
    systems.section,
    cost.section,
    inside.section,
    ablation.section,
    ranking.section,
    scaling.section,
    support.section,
    diversity.section,
    aggregators.section,
)


def sections(report: Report) -> list[Section]:
    """All of them; one whose systems were not run says which to run."""
    return [section(report) for section in SECTIONS]
