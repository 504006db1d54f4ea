"""What a run remarks, as tests compare it."""

from collections.abc import Iterable
from typing import Any


def texts(remarks: Iterable[Any]) -> list[str]:
    """What the remarks say."""
    return [remark["text"] for remark in remarks]


def kinds(remarks: Iterable[Any]) -> list[str]:
    """Of which kinds they are."""
    return [remark["kind"] for remark in remarks]
