"""Verify the settings that were chosen for selectors."""

from collections.abc import Iterator

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.chosen import FILE, checked_chosen
from smacs.store.verify.problem import Problem

MEND = "Delete the file, and choose anew: smacs bank choose"


def chosen(bank: QuestionBank) -> Iterator[Problem]:
    """A file that cannot be read, and settings for the vectors of another embedder."""
    try:
        found, has_checksum = checked_chosen(bank.path)
    except BankError as error:
        yield Problem(FILE, str(error), MEND)
        return
    if not has_checksum:
        yield Problem(FILE, "has no checksum", "Give it one: smacs bank seal", harmless=True)
    for name, entry in found.items():
        if entry.embedder != bank.manifest.embedder.digest:
            what = f"the settings of {name} were chosen for another embedder, and do not count"
            yield Problem(FILE, what, MEND, harmless=True)
