"""Skills by subject: a question asks for the skills of the bank questions nearest to it.

The skill of a bank question is its subject, where it has none its data set.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from smacs.nodes.retrieve import Support
from smacs.nodes.skills import Codes, Skills

if TYPE_CHECKING:
    from smacs.store.view import BankView

NEAREST = 5  # bank questions that lend a question their skills

_known: "WeakKeyDictionary[BankView, dict[tuple[str, ...], tuple[Codes, Skills]]]" = WeakKeyDictionary()


def by_subjects(view: "BankView", llms: Sequence[str], support: Support) -> tuple[Codes, Skills]:
    """The skills (s,) of the nearest support questions, or of the whole bank if none is near; and all there are."""
    codes, skills = _bank_skills(view, llms)
    order = np.argsort(-support.similarities, kind="stable")[: None if support.blind else NEAREST]
    return codes[support.indices[order]], skills


def skill_codes(view: "BankView") -> Codes:
    """(N,) the skill of each bank question as a number."""
    subjects, datasets = view.subjects, view.datasets
    nameless = np.array([not name for name in subjects.names])[subjects.codes]
    merged = np.where(nameless, len(subjects.names) + datasets.codes, subjects.codes)
    return np.unique(merged, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _bank_skills(view: "BankView", llms: Sequence[str]) -> tuple[Codes, Skills]:
    """Worked out once for each state of a bank."""
    known = _known.setdefault(view, {})
    key = tuple(llms)
    if key not in known:
        codes, rows = skill_codes(view), np.arange(len(view))
        known[key] = codes, Skills.of(rows, codes, view.correctness(llms, rows), int(codes.max()) + 1)
    return known[key]
