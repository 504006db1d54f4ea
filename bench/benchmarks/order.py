"""Orders that look random and are the same for ever: by a hash of a text."""

import hashlib
from collections.abc import Iterable

from smacs.errors import InputError
from smacs.store.records import Question


def drawn(questions: Iterable[Question], limit: int | None, seed: int) -> list[Question]:
    """At most `limit` questions, in random order: the first of them stand for all. Raises InputError.

    A larger limit has the smaller one at its beginning, and a question that is missing moves no other.
    """
    if limit is not None and limit < 1:
        raise InputError(f"expected a limit of at least 1, got {limit}")
    return sorted(questions, key=lambda question: hashed(f"{seed} {question.id}"))[:limit]


def hashed(text: str) -> bytes:
    """32 bytes that depend on the text alone."""
    return hashlib.sha256(text.encode()).digest()
