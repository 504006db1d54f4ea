"""Verify what nothing else can replace: questions, evaluations, the vectors that came with questions."""

import math
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from smacs.errors import GradingError
from smacs.store.bank import QuestionBank
from smacs.store.graders import check_label, gradable
from smacs.store.identity import normalised
from smacs.store.index.chroma import are_unit
from smacs.store.index.vector_file import VectorFile
from smacs.store.io.checksums import intact
from smacs.store.io.jsonl import decode_line, is_half, reading, remedy
from smacs.store.keywords import Keywords, keywords_file
from smacs.store.records import Evaluation, Question

T = TypeVar("T", bound=msgspec.Struct)
SEAL = "Give them one: smacs bank seal"
_GROUP = 4_096  # vectors looked at together
_SHOWN = 5  # examples of one kind


class Problem(msgspec.Struct, frozen=True):
    """Something broken: where, what is wrong, and how to mend it.

    `harmless`: nothing is lost by it, and the next writer tidies it up.
    """

    where: str
    what: str
    mend: str
    harmless: bool = False


class CheckedLine(msgspec.Struct, Generic[T]):
    """A line's number from 1; its record, or what is wrong with it.

    A `half` line is the last one, without its end. A `bare` one has no checksum.
    """

    number: int
    record: T | None = None
    wrong: str = ""
    half: bool = False
    bare: bool = False


def every_line(path: Path, record: type[T]) -> Iterator[CheckedLine[T]]:
    """All lines that are not empty; a missing file has none. Raises BankError for a file that cannot be read."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(record)
    with reading(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                item = decode_line(line, decoder)
                if isinstance(item, str):
                    yield CheckedLine(number, wrong=item.lstrip(": "), half=is_half(line))
                else:
                    yield CheckedLine(number, item, bare=intact(line) is None)


def questions(bank: QuestionBank, ids: set[str]) -> Iterator[Problem]:
    """Every line of questions.jsonl; fills `ids` with those that are there."""
    file, texts, twice, bare = bank.questions_file, set[str](), list[str](), list[int]()
    if not file.exists():
        yield Problem(file.name, "is missing", "Restore it from a copy: without it there is no bank.")
    for line in every_line(file, Question):
        where = f"{file.name}, line {line.number}"
        question = line.record
        if question is None:
            yield _broken(where, line, remedy(file, line.number))
            continue
        bare += [line.number] * line.bare
        if not question.id or question.id in ids:
            what = f"id {question.id!r} comes twice" if question.id else "the id is empty"
            yield Problem(where, what, "Give it an id of its own, or delete the line.")
        ids.add(question.id)
        yield from _content(where, question)
        text = normalised(question.text)
        if text in texts:
            twice.append(question.id)
        texts.add(text)
    yield from _bare(file.name, bare)
    if twice:
        what = f"{len(twice)} questions have the text of another one ({', '.join(twice[:_SHOWN])})"
        yield Problem(file.name, what, "They weigh twice. Delete them, or leave it.", harmless=True)


def evaluations(bank: QuestionBank, ids: Set[str]) -> Iterator[Problem]:
    """Every line of every evaluation file."""
    for llm in bank.llms:
        file = bank.evaluation_file(llm)
        name, strange, bare = f"evaluations/{file.name}", list[str](), list[int]()
        for line in every_line(file, Evaluation):
            where = f"{name}, line {line.number}"
            cell = line.record
            bare += [line.number] * line.bare
            if cell is None:
                yield _broken(where, line, remedy(file, line.number))
            elif math.isnan(cell.correct) or not 0 <= cell.correct <= 1:
                yield Problem(where, f"`correct` is {cell.correct}", "Expected 0 to 1: correct it, or delete the line.")
            elif cell.question not in ids:
                strange.append(cell.question)
        yield from _bare(name, bare)
        if strange:
            what = f"{len(strange)} evaluations of questions that are not in the bank ({', '.join(strange[:_SHOWN])})"
            yield Problem(name, what, "They count for nothing. Restore the questions, or leave it.", harmless=True)


def keywords(bank: QuestionBank) -> Iterator[Problem]:
    """Every line of the keywords."""
    file, bare = keywords_file(bank.path), list[int]()
    for line in every_line(file, Keywords):
        bare += [line.number] * line.bare
        if line.record is None:
            yield _broken(f"{file.name}, line {line.number}", line, remedy(file, line.number))
    yield from _bare(file.name, bare)


def supplied_vectors(bank: QuestionBank) -> Iterator[Problem]:
    """Checksum and length of every vector that came with a question."""
    vectors = VectorFile(bank.path, bank.manifest.embedder)
    name = vectors.file.relative_to(bank.path).as_posix()
    if vectors.half:
        yield Problem(name, "ends in half a record, of a writer that was killed", "Nothing to do.", harmless=True)
    broken = vectors.broken()
    if broken:
        what = f"{len(broken)} of {len(vectors.records())} vectors have a wrong checksum, such as record {broken[0]}"
        yield Problem(name, what, "Restore the file from a copy, or delete it and import its source again.")
    records = vectors.records()
    for start in range(0, len(records), _GROUP):
        bad = np.flatnonzero(~are_unit(records["row"][start : start + _GROUP]))
        if len(bad) and not broken:
            yield Problem(name, f"record {start + bad[0]} is not of length 1", "Import its source again.")
            return


def _content(where: str, question: Question) -> Iterator[Problem]:
    if not question.text.strip():
        yield Problem(where, "the text is empty", "Give it a text, or delete the line.")
    if gradable(question):
        try:
            check_label(question)
        except GradingError as error:
            yield Problem(where, str(error), "Correct the label or the grader.")


def _bare(name: str, lines: list[int]) -> Iterator[Problem]:
    """Lines that an older version wrote, or somebody's editor."""
    if lines:
        what = f"{len(lines):,} lines have no checksum, such as line {lines[0]}: damage to them would not be noticed"
        yield Problem(name, what, SEAL, harmless=True)


def _broken(where: str, line: CheckedLine[Any], mend: str) -> Problem:
    if line.half:
        return Problem(where, "half a line, of a writer that was killed", "Nothing to do.", harmless=True)
    return Problem(where, line.wrong, mend)
