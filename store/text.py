"""When two texts are the same question, and the id of a question that came without one."""

import hashlib
import unicodedata


def normalised(text: str) -> str:
    """NFKC, case folded, white space collapsed: texts with the same value are the same question."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def question_id(text: str) -> str:
    """16 hex digits that depend on the normalised text alone."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]
