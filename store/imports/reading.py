"""Reading one file: its records under the names that LLMs have here, checked, counted, and compared with its tool."""

from collections.abc import Iterator, Sequence
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from smacs.errors import InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.store.identity import normalised
from smacs.store.imports.format import Format, Options
from smacs.store.imports.left_out import LeftOut, Tally, UnusableError
from smacs.store.imports.names import Names
from smacs.store.imports.report import FileReport
from smacs.store.merge import Found

_DEEP = 32  # levels of a label: what is nested deeper could be written, and not be read again
_LONG = 240  # bytes of an LLM's name, percent-encoded, as the name of a file may have
_QUOTED = 60  # characters of an example


class Reading:
    """One file. `found` gives what is in it, and may be called again; `report` is about the last time.

    `spec` is what the vectors in it come from.
    """

    def __init__(self, form: Format, path: Path, options: Options, names: Names) -> None:
        self.format, self.path, self.options, self.names = form, path, options, names
        self.report = FileReport(file=str(path), format=form.name)
        self.notes: list[str] = []
        self.spec: EmbedderSpec | None = None
        self.vectors = True  # whether those in the file are of the bank's embedder

    def rehearse(self) -> None:
        """Read all of it and keep nothing but the report: what is wrong with it becomes its `error`."""
        self.find_embedder()
        try:
            for _ in self.found():
                pass
        except SmacsError as error:
            self.report.error = str(error)
            return
        if faults := [entry for entry in self.report.left_out if entry.fault]:
            self.report.error = (
                f"{self.path}: records that cannot be used: {_kinds(faults)}. Nothing of this file is imported. Mend "
                f"them, or leave them out with --skip-invalid.{_examples(faults)}"
            )

    def find_embedder(self) -> None:
        """Set `spec`. What is wrong with the file is said by reading it."""
        try:
            self.spec = self.format.embedder(self.path)
        except InputError:
            self.spec = None

    def found(self) -> Iterator[Found]:
        """What is in the file, without what cannot be used. Raises InputError."""
        counted = _Counted()
        options = replaced(self.options, left_out=Tally(), chosen={}, note=self.notes.append)
        self.notes.clear()
        self.report = FileReport(file=str(self.path), format=self.format.name)
        try:
            for item in self.format.read(self.path, options):
                with options.record():
                    named = self._named(item)
                    counted.add(named)
                    yield named
        finally:
            counted.into(self.report)
            self.report.left_out = list(options.left_out.kinds.values())
        if not self.report.questions:
            left = self.report.left_out
            raise InputError(f"{self.path}: none of its records can be used: {_kinds(left)}.{_examples(left)}")
        self._compare(options)

    def _named(self, item: Found) -> Found:
        """With our names and without foreign vectors. Raises UnusableError for what no bank could hold."""
        place = f"{self.path}, question {item.question.text[:_QUOTED]!r}"
        cells = {ours: item.evaluations[theirs] for ours, theirs in self.names.all(item.evaluations).items()}
        _check_text(place, [item.question, *cells.values()])
        if not item.question.id and not item.question.text.strip():
            raise UnusableError(f"{self.path}: a question is empty.", "without a question")
        if _deep(item.question.label):
            raise UnusableError(f"{place}: its label is nested more than {_DEEP} levels deep.", "nested")
        for name in cells:
            _check_name(place, name)
        if item.vector is not None and not _usable(item.vector):
            raise UnusableError(f"{place}: its vector has no finite length above 0.", "with an unusable vector")
        return replaced(item, evaluations=cells, vector=item.vector if self.vectors else None)

    def _compare(self, options: Options) -> None:
        reported = self.format.reported(self.path)
        score = next((name for name in options.chosen if reported and name in reported.scores), None)
        if reported is None or score is None:
            return
        self.report.reported = options.scale.grade(reported.scores[score])
        self.report.reported_in = f"{score} in {reported.where}"


class _Counted:
    """Questions and grades of one file; a grade of the same question and LLM counts once, as in the bank."""

    def __init__(self) -> None:
        self.questions: set[int] = set()
        self.cells: set[int] = set()
        self.llms: dict[str, None] = {}
        self.sum = 0.0
        self.again, self.example = 0, ""

    def add(self, item: Found) -> None:
        question = item.question
        key = question.id or normalised(question.text)
        self.questions.add(hash(key))
        for llm, cell in item.evaluations.items():
            self.llms.setdefault(llm)
            if (cell_key := hash((key, llm))) in self.cells:
                self.again += 1
                self.example = self.example or question.text
            else:
                self.cells.add(cell_key)
                self.sum += cell.correct

    def into(self, report: FileReport) -> None:
        report.questions, report.grades, report.llms = len(self.questions), len(self.cells), list(self.llms)
        report.accuracy = self.sum / len(self.cells) if self.cells else None
        report.same_text, report.same_example = self.again, " ".join(self.example.split())[:_QUOTED]


def _kinds(left_out: Sequence[LeftOut]) -> str:
    return ", ".join(map(str, left_out)) or "there are none"


def _examples(left_out: Sequence[LeftOut]) -> str:
    return "".join(f"\n  {entry.first}" for entry in left_out)


def remarks(report: FileReport) -> Iterator[str]:
    """What a user should know about what was imported from a file."""
    name = Path(report.file).name
    for entry in report.left_out:
        yield f"{name}: left out: {entry.count:,} {entry.kind}, the first: {entry.first}"
    if report.same_text:
        yield (
            f"{name}: {report.same_text:,} samples have the text of an earlier one ({report.same_example!r}); only the "
            "first of each counts. If they are different questions, say with --text which fields make them whole"
        )
    if report.differs:
        yield f"{name}: {_compared(report)}"


def _compared(report: FileReport) -> str:
    why = "the log has other samples than its tool has counted, or the tool weighs them"
    if report.left_out:
        why = f"left out here: {_kinds(report.left_out)}"
    if report.same_text:
        why = "samples with the same text count once here"
    ours, theirs = 100 * (report.accuracy or 0), 100 * (report.reported or 0)
    return f"{ours:.1f} % as imported, {theirs:.1f} % as its tool reported it ({report.reported_in}): {why}"


def _check_text(place: str, records: list[Any]) -> None:
    """Raise UnusableError for text that no file can hold: half of a surrogate pair."""
    for record in records:
        try:
            msgspec.json.encode(record)
        except (UnicodeEncodeError, RecursionError, OverflowError) as error:
            raise UnusableError(f"{place} has what cannot be written as UTF-8: {error}.", "no text") from error


def _check_name(place: str, llm: str) -> None:
    try:
        encoded = quote(llm.strip(), safe="")
    except UnicodeEncodeError:
        encoded = ""
    if not 0 < len(encoded) <= _LONG:
        raise UnusableError(
            f"{place}: expected a name of an LLM of 1 to {_LONG} bytes, got {llm[:_QUOTED]!r}. Give another one with "
            "--rename THEIRS=OURS or --llm.",
            "without a name for the LLM",
        )


def _deep(label: Any) -> bool:
    level = [label]
    for _ in range(_DEEP):
        level = [part for value in level if isinstance(value, list | dict) for part in _parts(value)]
        if not level:
            return False
    return True


def _parts(value: list[Any] | dict[Any, Any]) -> list[Any]:
    return value if isinstance(value, list) else list(value.values())


def _usable(vector: Any) -> bool:
    length = float(np.linalg.norm(np.asarray(vector, np.float64)))
    return bool(np.isfinite(length)) and length > 0
