"""The lines of a results file, as far as the statistics need them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from smacs.store.jsonl import scan_jsonl


class Reference(msgspec.Struct, frozen=True, gc=False):
    """The fields of a `GradedReference` that are counted."""

    prior: float
    correct: float = 0.0


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """The fields of a `GradedCandidate` that are counted."""

    correct: float = 0.0
    similarity: float | None = None
    perplexity: float | None = None
    score: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of a `Result` that are counted; its reply is skipped unread."""

    question: str
    correct: float
    answer: str | None = None
    error: str = ""
    degraded: list[str] = []
    calls: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    llm_seconds: float = 0.0
    selected: int | None = None
    support: dict[str, float] = {}
    priors: dict[str, float] = {}
    references: list[Reference] = []
    candidates: list[Candidate] = []


def lines(file: Path, notes: list[str]) -> Iterator[tuple[Line, int]]:
    """Each line with the offset at which it starts; a half-written last line is left out, and `notes` says so.

    Raises BankError, naming file and line, for any other broken line.
    """
    start = 0
    for line, end in scan_jsonl(file, Line):
        yield line, start
        start = end
    if file.exists() and _rest(file, start).strip():
        notes.append(f"{file} ends in a half-written line, which is left out: the run was stopped, or is going on.")


def _rest(file: Path, start: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(start)
        return opened.read()
