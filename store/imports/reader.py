"""Reading one file: its records with our names for the LLMs, checked, counted, and compared with the tool's scores."""

from collections.abc import Iterator
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from smacs.errors import InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.store.imports.format import Format, ImportOptions
from smacs.store.imports.names import LLMNames
from smacs.store.imports.report import FileReport, Tally, UnusableError, examples, kinds
from smacs.store.merge import Found
from smacs.store.text import normalised

_DEEP = 32  # levels of a label: one that is nested deeper could be written, but not read again
_LONG = 240  # bytes of an LLM's name, percent-encoded: it becomes the name of a file
_QUOTED = 60  # characters of an example


class FileReader:
    """One file. `found` yields what is in it and may be called again; `report` is about the last time.

    `embedder` is the one that made the vectors in it.
    """

    def __init__(self, form: Format, path: Path, options: ImportOptions, names: LLMNames) -> None:
        self.format, self.path, self.options, self.names = form, path, options, names
        self.report = FileReport(file=str(path), format=form.name)
        self.notes: list[str] = []
        self.embedder: EmbedderSpec | None = None
        self.with_vectors = True  # whether those in the file are of the bank's embedder

    def rehearse(self) -> None:
        """Read all of it and keep only the report, whose `error` says what is wrong."""
        self.find_embedder()
        try:
            for _ in self.found():
                pass
        except SmacsError as error:
            self.report.error = str(error)
            return
        if faults := [entry for entry in self.report.left_out if entry.fault]:
            self.report.error = (
                f"{self.path}: records that cannot be used: {kinds(faults)}. Nothing of this file is imported. Mend "
                f"them, or leave them out with --skip-invalid.{examples(faults)}"
            )

    def find_embedder(self) -> None:
        """Set `embedder`. If the file is broken, reading it says so."""
        try:
            self.embedder = self.format.embedder(self.path)
        except InputError:
            self.embedder = None

    def found(self) -> Iterator[Found]:
        """What is in the file, without what cannot be used. Raises InputError."""
        counter = _Counter()
        options = replaced(self.options, omissions=Tally(), metrics={}, note=self.notes.append)
        self.notes.clear()
        self.report = FileReport(file=str(self.path), format=self.format.name)
        try:
            for item in self.format.read(self.path, options):
                with options.record():
                    checked = self._checked(item)
                    counter.add(checked)
                    yield checked
        finally:
            counter.into(self.report)
            self.report.left_out = list(options.omissions.kinds.values())
        if not self.report.questions:
            omissions = self.report.left_out
            raise InputError(f"{self.path}: none of its records can be used: {kinds(omissions)}.{examples(omissions)}")
        self._compare(options)

    def _checked(self, item: Found) -> Found:
        """The item with our names, without foreign vectors. Raises UnusableError if no bank could hold it."""
        place = f"{self.path}, question {item.question.text[:_QUOTED]!r}"
        cells = {ours: item.evaluations[theirs] for ours, theirs in self.names.all(item.evaluations).items()}
        _check_text(place, [item.question, *cells.values()])
        if not item.question.id and not item.question.text.strip():
            raise UnusableError(f"{self.path}: a question is empty.", "without a question")
        if _is_deep(item.question.label):
            raise UnusableError(f"{place}: its label is nested more than {_DEEP} levels deep.", "nested")
        for name in cells:
            _check_name(place, name)
        if item.vector is not None and not _has_length(item.vector):
            raise UnusableError(f"{place}: its vector has no finite length above 0.", "with an unusable vector")
        return replaced(item, evaluations=cells, vector=item.vector if self.with_vectors else None)

    def _compare(self, options: ImportOptions) -> None:
        theirs = self.format.tool_scores(self.path)
        score = next((name for name in options.metrics if theirs and name in theirs.scores), None)
        if theirs is None or score is None:
            return
        self.report.reported = options.scale.grade(theirs.scores[score])
        self.report.reported_in = f"{score} in {theirs.where}"


class _Counter:
    """Questions and grades of one file; a grade of the same question and LLM counts once, as in the bank."""

    def __init__(self) -> None:
        self.questions: set[int] = set()
        self.cells: set[int] = set()
        self.llms: dict[str, None] = {}
        self.sum = 0.0
        self.repeats, self.example = 0, ""

    def add(self, item: Found) -> None:
        question = item.question
        key = question.id or normalised(question.text)
        self.questions.add(hash(key))
        for llm, cell in item.evaluations.items():
            self.llms.setdefault(llm)
            if (cell_key := hash((key, llm))) in self.cells:
                self.repeats += 1
                self.example = self.example or question.text
            else:
                self.cells.add(cell_key)
                self.sum += cell.correct

    def into(self, report: FileReport) -> None:
        report.questions, report.grades, report.llms = len(self.questions), len(self.cells), list(self.llms)
        report.accuracy = self.sum / len(self.cells) if self.cells else None
        report.same_text, report.same_example = self.repeats, " ".join(self.example.split())[:_QUOTED]


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


def _is_deep(label: Any) -> bool:
    level = [label]
    for _ in range(_DEEP):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return False
    return True


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _has_length(vector: Any) -> bool:
    length = float(np.linalg.norm(np.asarray(vector, np.float64)))
    return bool(np.isfinite(length)) and length > 0
