"""When two texts are the same question, the id of a question that came without one, and texts as cells of a table."""

import hashlib
import re
import unicodedata

GUARDED = ("id", "dataset", "subject")  # the first columns of a table that we write, whose cells are guarded

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")  # also in full width, which some take as well


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that might be begins with an apostrophe more."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def normalised(text: str) -> str:
    """NFKC, case folded, white space collapsed: texts with the same value are the same question."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def question_id(text: str) -> str:
    """16 hex digits that depend on the normalised text alone."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]
