"""What an import has done, for people and as JSON: what each file gave, and the records that were left out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from smacs.errors import InputError
from smacs.store.merge import MergeReport

_SAME = 5e-4  # tools round what they report to four digits, some to three


class UnusableError(InputError):
    """A record cannot be imported. `kind` says what is wrong in a few words, the same for all records of this kind."""

    kind = "not usable"

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind or self.kind


class UnscoredError(UnusableError):
    """A sample has no grade, which is no fault of the file."""

    kind = "without a score"


class Omission(msgspec.Struct):
    """How many records of one kind were left out, and the message for the first of them."""

    kind: str
    count: int
    first: str
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.count:,} {self.kind}"


def kinds(omissions: Sequence[Omission]) -> str:
    """How many of which kind, in one line."""
    return ", ".join(map(str, omissions)) or "there are none"


def examples(omissions: Sequence[Omission]) -> str:
    """The first message of each kind, a line each."""
    return "".join(f"\n  {entry.first}" for entry in omissions)


class Tally:
    """Counts the records that are left out of one file."""

    def __init__(self) -> None:
        self.kinds: dict[str, Omission] = {}

    def add(self, error: InputError) -> None:
        """Count a record that raised this."""
        kind = error.kind if isinstance(error, UnusableError) else UnusableError.kind
        fault = not isinstance(error, UnscoredError)
        entry = self.kinds.setdefault(kind, Omission(kind, 0, str(error), fault))
        entry.count += 1

    @contextmanager
    def record(self) -> Iterator[None]:
        """Put this around all the work on one record: an InputError leaves out this record alone."""
        try:
            yield
        except InputError as error:
            self.add(error)


class StrictTally(Tally):
    """Leaves out samples without a grade, and nothing else."""

    @contextmanager
    def record(self) -> Iterator[None]:
        """Put this around all the work on one record. Raises what is wrong with it."""
        try:
            yield
        except UnscoredError as error:
            self.add(error)


class FileReport(msgspec.Struct, kw_only=True):
    """What one file gave: distinct `questions`, `grades` and their mean `accuracy`, of LLMs under our names.

    `reported` is the accuracy that the tool itself gave for it, `reported_in` names the score and where. `left_out` are
    records. `same_text` are samples with the text of an earlier one of the same LLM, which count once; `same_example`
    is that text. Where there is an `error` it ended the reading: `partly` says whether what came before is imported.
    """

    file: str
    format: str
    llms: list[str] = msgspec.field(default_factory=list)
    questions: int = 0
    grades: int = 0
    accuracy: float | None = None
    reported: float | None = None
    reported_in: str = ""
    left_out: list[Omission] = msgspec.field(default_factory=list)
    same_text: int = 0
    same_example: str = ""
    error: str = ""
    partly: bool = False

    @property
    def differs(self) -> bool:
        """Whether the tool's accuracy is another one than that of what was imported."""
        if self.accuracy is None or self.reported is None:
            return False
        return abs(self.accuracy - self.reported) > _SAME

    def remarks(self) -> Iterator[str]:
        """What the user should know about what was imported from the file."""
        name = Path(self.file).name
        for entry in self.left_out:
            yield f"{name}: left out: {entry}, the first: {entry.first}"
        if self.same_text:
            yield (
                f"{name}: {self.same_text:,} samples have the text of an earlier one ({self.same_example!r}); only the "
                "first of each counts. If they are different questions, say with --text which fields make them whole"
            )
        if self.differs:
            yield f"{name}: {self._difference()}"

    def _difference(self) -> str:
        why = "the log has other samples than its tool has counted, or the tool weighs them"
        if self.left_out:
            why = f"left out here: {kinds(self.left_out)}"
        if self.same_text:
            why = "samples with the same text count once here"
        ours, theirs = 100 * (self.accuracy or 0), 100 * (self.reported or 0)
        return f"{ours:.1f} % as imported, {theirs:.1f} % as its tool reported it ({self.reported_in}): {why}"


class ImportReport(MergeReport, kw_only=True):
    """`files` are the paths with their formats, `by_file` what each gave. Questions are counted once each.

    `llms` are those of the files under our names, `mapped` their names there with ours, `unmapped` the names that the
    pool does not know. `passed_over` are files of a folder that no format recognises. Of the whole bank: `questions`,
    those of them that are `ungradable` (recorded grades only), `bank_llms`, and the share of its cells that is
    `filled`. `notes` are remarks for the user.
    """

    bank: str
    created: bool = False
    files: dict[str, str] = msgspec.field(default_factory=dict)
    by_file: list[FileReport] = msgspec.field(default_factory=list)
    passed_over: list[str] = msgspec.field(default_factory=list)
    mapped: dict[str, str] = msgspec.field(default_factory=dict)
    unmapped: list[str] = msgspec.field(default_factory=list)
    ungradable: int = 0
    questions: int = 0
    bank_llms: int = 0
    filled: float = 0.0
    notes: list[str] = msgspec.field(default_factory=list)

    @property
    def refused(self) -> list[FileReport]:
        """The files of which nothing, or not all that was meant to be, is imported."""
        return [file for file in self.by_file if file.error]
