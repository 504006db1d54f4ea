"""What an import has done, for people and as JSON."""

import msgspec

from smacs.store.merge import MergeReport


class ImportReport(MergeReport, kw_only=True):
    """`files` are the paths with their formats. Questions are counted once each.

    `llms` are those of the files under our names, `mapped` their names there with ours, `unmapped` the names that the
    pool does not know. Of the whole bank: `questions`, those of them that are `ungradable` (recorded grades only),
    `bank_llms`, and the share of its cells that is `filled`. `notes` are remarks for the user.
    """

    bank: str
    created: bool = False
    files: dict[str, str] = msgspec.field(default_factory=dict)
    mapped: dict[str, str] = msgspec.field(default_factory=dict)
    unmapped: list[str] = msgspec.field(default_factory=list)
    ungradable: int = 0
    questions: int = 0
    bank_llms: int = 0
    filled: float = 0.0
    notes: list[str] = msgspec.field(default_factory=list)
