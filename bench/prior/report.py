"""The report of a measurement, and its JSON: shares in %, each with its interval, over all questions and by group."""

import sys
from pathlib import Path
from typing import Literal

import msgspec

from smacs.store.tuned_settings import SettingValue

BASELINE = "simple_router"
Group = Literal["all", "dataset", "subject"]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over all splits together, the ends of its bootstrap interval, and the figure of each split.

    None for a split in which no question says anything.
    """

    value: float
    low: float
    high: float
    splits: list[float | None] = []


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """`value`, and its paired difference `gain` to Simple Router in the same splits.

    `questions` say something, `left_out` do not (no grade; for `rank`: no two LLMs with different grades), counted
    once for each split that tests them.
    """

    value: Interval | None
    gain: Interval | None
    questions: int
    left_out: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A selector (`rule` empty), or a vote rule on it, over all questions or one data set or subject.

    Figures of a selector:

    - `rank`: pairwise ranking score (eq. 8)
    - `live`: the same where, as for a live question, nobody says which data set and subject a test question is from
    - `top1`: accuracy of the LLM ranked first
    - `any`: share of questions with a right LLM among the first K (OCA)

    Figures of a rule:

    - `vote`: accuracy of the answer that K references elect
    - `stopped`: the same when calls are made in order of the prior and stop once the vote is decided
    - `calls`: how many calls that takes, a question

    The gain of an answer is that over the answer of the LLM that Simple Router takes.
    """

    selector: str
    rule: str
    group: Group
    name: str
    figures: dict[str, Figure]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured and how: in words (`protocol`) and as typed (`options`).

    `coverage` is the share of cells that exist. Sizes are means over the splits; `dropped`
    bank questions had the text of a test question and were left out.
    """

    bank: str
    questions: int
    llms: list[str]
    coverage: float
    protocol: str
    options: str
    splits: int
    bank_size: float
    test_size: float
    dropped: float
    k: int
    calls: float
    seed: int
    baseline: str
    inner_folds: int
    choice_folds: int
    draws: int
    level: float


class TunedSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a selector or a vote rule: its candidates, the default first, and what each split chose."""

    kind: Literal["selector", "rule"]
    name: str
    setting: str
    candidates: list[SettingValue]
    splits: list[SettingValue]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole measurement. `seconds` are the CPU seconds of each selector in one split, without those of tuning."""

    setup: Setup
    selectors: dict[str, str]
    rules: dict[str, str]
    seconds: dict[str, float]
    choices: list[TunedSetting]
    rows: list[Row]


def encode(report: Report) -> bytes:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def write_json(report: Report, target: str) -> None:
    """Write it to the file `target`, or to standard output where that is `-`."""
    if target == "-":
        sys.stdout.buffer.write(encode(report))
    else:
        Path(target).write_bytes(encode(report))


def read_json(path: Path) -> Report:
    """Read a report that `write_json` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Report)
