"""What an import has done, for people and as JSON."""

import msgspec


class ImportReport(msgspec.Struct, kw_only=True):
    """`files` are the paths with their formats. Question and cell counts are as in `MergeReport`, questions once each.

    `llms` are those of the files under our names, `mapped` their names there with ours, `unmapped` the names that the
    pool does not know. Of the whole bank: `questions`, those of them that are `ungradable` (recorded grades only),
    `bank_llms`, and the share of its cells that is `filled`. `notes` are remarks for the user.
    """

    bank: str
    created: bool = False
    files: dict[str, str] = {}
    questions_new: int = 0
    questions_known: int = 0
    labels_differ: int = 0
    cells_new: int = 0
    cells_known: int = 0
    conflicts: int = 0
    vectors_new: int = 0
    llms: list[str] = []
    mapped: dict[str, str] = {}
    unmapped: list[str] = []
    ungradable: int = 0
    questions: int = 0
    bank_llms: int = 0
    filled: float = 0.0
    notes: list[str] = []
