"""Texts as cells of a table that somebody may open in a spreadsheet."""

import re

GUARDED = ("id", "dataset", "subject")  # the first columns of a table that we write, whose cells are guarded

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")  # also in full width, which some take as well


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that might be begins with an apostrophe more."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
