"""Adds the checksums that a bank lacks because an older version wrote it, or because somebody edited it by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.io.checksums import intact, sealed, sealed_document, unsealed
from smacs.store.io.draft import draft_file
from smacs.store.io.jsonl import decode_line, is_half, reading, remedy
from smacs.store.io.lock import write_lock
from smacs.store.keywords import Keywords, keywords_file
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.manifest import checked_manifest
from smacs.store.records import Evaluation, Question
from smacs.store.tuned_settings import FILE as CHOSEN
from smacs.store.tuned_settings import checked_tuned_settings


class SealReport(msgspec.Struct):
    """How many lines and documents got a checksum; those of them that had a wrong one, as "file, line N"."""

    new: int = 0
    accepted: list[str] = msgspec.field(default_factory=list)


def seal(path: str | Path, *, accept_edits: bool = False) -> SealReport:
    """Give everything in the bank's folder that has no checksum one.

    `accept_edits` gives what has a wrong one the right one: from then on it counts as it is. Raises BankError for what
    is broken, and where something cannot be written, BankLockedError; files it had not come to then are as before.
    """
    folder = Path(path).expanduser().absolute()
    manifest, _ = checked_manifest(folder, check=not accept_edits)
    with write_lock(folder):
        work = _Seal(folder, accept_edits)
        work.document(MANIFEST, lambda check: checked_manifest(folder, check=check)[1], manifest)
        chosen, _ = checked_tuned_settings(folder, check=not accept_edits)
        work.document(CHOSEN, lambda check: checked_tuned_settings(folder, check=check)[1], chosen)
        for file, record in _files(QuestionBank(folder, manifest)):
            work.lines(file, record)
    return work.report


def _files(bank: QuestionBank) -> Iterator[tuple[Path, type[msgspec.Struct]]]:
    yield bank.questions_file, Question
    for llm in bank.llms:
        yield bank.evaluation_file(llm), Evaluation
    for removed in sorted((bank.path / "removed").glob("*.jsonl")):
        yield removed, Evaluation
    yield keywords_file(bank.path), Keywords


class _Seal:
    """One pass over a bank's folder."""

    def __init__(self, folder: Path, accept: bool) -> None:
        self.folder, self.accept, self.report = folder, accept, SealReport()

    def document(self, name: str, has_checksum: Callable[[bool], bool], value: object) -> None:
        """Write a JSON document anew where its checksum is missing or, to be accepted, wrong."""
        try:
            if has_checksum(True):
                return
        except BankError:  # it was read without a look at its checksum before
            self.report.accepted.append(name)
        self.report.new += 1
        with draft_file(self.folder / name) as file:
            file.write(sealed_document(value))

    def lines(self, file: Path, record: type[msgspec.Struct]) -> None:
        """Write a file of lines anew where any line is without a checksum or has a wrong one to be accepted."""
        before = self.report.new
        for _ in self._sealed(file, record, self.report):
            pass
        if self.report.new > before:
            with draft_file(file) as draft:
                draft.writelines(self._sealed(file, record, SealReport()))

    def _sealed(self, file: Path, record: type[msgspec.Struct], report: SealReport) -> Iterator[bytes]:
        """Each line as it is to be; a half one at the end is left out."""
        if not file.exists():
            return
        decoder = msgspec.json.Decoder(record)
        with reading(file) as opened:
            for number, line in enumerate(opened, 1):
                sound = intact(line)
                whole = unsealed(line) if self.accept and sound is False else line.rstrip()
                wrong = decode_line(whole, decoder) if whole else ""
                if isinstance(wrong, str) and wrong:
                    if is_half(line):
                        return
                    raise BankError(f"{file}, line {number}{wrong}. {remedy(file, number)}")
                if whole and not sound:
                    report.new += 1
                    report.accepted += [f"{file.relative_to(self.folder)}, line {number}"] * (sound is False)
                if whole:
                    yield (whole if sound else sealed(unsealed(whole))) + b"\n"
