"""What an import has done, for people and as JSON."""

import msgspec

from smacs.store.imports.left_out import LeftOut
from smacs.store.merge import MergeReport

_SAME = 5e-4  # tools round what they report to four digits, some to three


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
    left_out: list[LeftOut] = msgspec.field(default_factory=list)
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
