"""The lines of a results file, as far as the statistics need them: replies are skipped unread."""

from collections.abc import Iterator
from pathlib import Path

from smacs.bench.run.records import Outcome
from smacs.store.io.jsonl import scan_jsonl


def lines(file: Path, notes: list[str]) -> Iterator[tuple[Outcome, int]]:
    """Each line with the offset at which it starts; a half-written last line is left out, and `notes` says so.

    Raises BankError, naming file and line, for any other broken line.
    """
    start = 0
    for line, end in scan_jsonl(file, Outcome):
        yield line, start
        start = end
    if file.exists() and _rest(file, start).strip():
        notes.append(f"{file} ends in a half-written line, which is left out: the run was stopped, or is going on.")


def _rest(file: Path, start: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(start)
        return opened.read()
