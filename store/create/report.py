"""What `bank create` found: problems, duplicates, test questions. `--report` writes it as JSON."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from smacs.errors import InputError

_LISTED = 20  # problems that a message lists


class Location(msgspec.Struct, frozen=True):
    """Where a question is: the source, and which of its lines or rows, from 1."""

    source: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.source}, {self.unit} {self.number}"


class Problem(msgspec.Struct, frozen=True):
    """A row that cannot become a question, and why."""

    place: Location
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Duplicate(msgspec.Struct, frozen=True):
    """A question whose text came before, at `first`."""

    place: Location
    first: Location
    text: str


class Conflict(msgspec.Struct, frozen=True):
    """A text with more than one label: nobody can say which is right, so the question is left out."""

    places: list[Location]
    labels: list[str]
    text: str


class Leak(msgspec.Struct, frozen=True):
    """A question that is one of the excluded ones: the same text, or one at cosine `similarity`."""

    place: Location
    excluded: Location
    kind: str  # "exact" or "near"
    similarity: float
    text: str
    excluded_text: str


class SourceReport(msgspec.Struct):
    """One source: what was read and how. `questions` went into the bank, or for an excluded source were kept out."""

    where: str
    name: str
    columns: str
    grader: str
    rows: int
    questions: int = 0


class CreateReport(msgspec.Struct, kw_only=True):
    """The whole report. `questions` is the size of the bank, 0 if none was made."""

    bank: str
    questions: int = 0
    threshold: float | None = None
    sources: list[SourceReport] = []
    excluded: list[SourceReport] = []
    problems: list[Problem] = []
    duplicates: list[Duplicate] = []
    conflicts: list[Conflict] = []
    leaks: list[Leak] = []


def omissions(report: CreateReport) -> str:
    """What was left out and how often, in one line."""
    near = sum(leak.kind == "near" for leak in report.leaks)
    counts = {
        "duplicates": len(report.duplicates),
        "texts with several labels": len(report.conflicts),
        "excluded questions": len(report.leaks) - near,
        "nearly excluded questions": near,
        "rows that are no question": len(report.problems),
    }
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f"left out: {', '.join(parts)}" if parts else "nothing was left out"


def problem_list(problems: Sequence[Problem]) -> str:
    """The first problems one a line, and how many there are."""
    lines = [f"  {problem}" for problem in problems[:_LISTED]]
    if len(problems) > _LISTED:
        lines.append(f"  ... and {len(problems) - _LISTED:,} more")
    count = "1 row" if len(problems) == 1 else f"{len(problems):,} rows"
    head = f"{count} cannot become questions; nothing was written. Mend them, or leave them out with --skip-invalid."
    return "\n".join([head, *lines])


def write_report(file: Path, report: CreateReport) -> None:
    """The whole report as JSON. Raises InputError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    except OSError as error:
        raise InputError(f"The report {file} cannot be written: {error.strerror or error}.") from error
