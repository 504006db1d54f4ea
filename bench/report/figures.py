"""The numbers that a report is made of: shares and differences in %, p-values in [0, 1]."""

from typing import Literal

import msgspec

Group = Literal["system", "llm", "variant"]


class Interval(msgspec.Struct, frozen=True):
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A system less another one, in points, over the `questions` that both answered.

    It was better on `ahead` of them, worse on `behind`. `p` is two-sided: McNemar's exact test, for a mean over
    benchmarks a permutation test; `adjusted` is p after Holm's correction for all systems compared.
    """

    value: float
    low: float
    high: float
    p: float
    questions: int
    ahead: int
    behind: int
    adjusted: float | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy over the `questions` answered of `of`; `difference` is to SMACS, `paper` what the paper reports."""

    questions: int
    of: int
    accuracy: Interval | None
    difference: Difference | None = None
    paper: float | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A measured share; `name` says of what, `group` where (a benchmark, or empty)."""

    name: str
    share: Interval | None
    questions: int
    group: str = ""
    spec: str = ""
    difference: Difference | None = None
