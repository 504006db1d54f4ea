"""The bank after a kill: whether it opens, and whether all that must be there is there once."""

from collections import Counter
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np

from smacs.errors import SmacsError
from smacs.store.bank import QuestionBank
from smacs.store.identity import normalised
from smacs.store.index.vector_file import VectorFile
from smacs.store.io.jsonl import read_jsonl
from smacs.store.records import Cell
from smacs.store.verify import verify
from tools.reliability.damage import Damage
from tools.reliability.operations import Operation


def examine(operation: Operation, path: Path, before: Set[str], acknowledged: int) -> tuple[list[Damage], set[str]]:
    """The damage, and the questions for which the work is done now.

    `before` are those for which it was done before the run, `acknowledged` says of how many the run said so.
    """
    if damages := list(unopenable(path, operation.mends)):
        return damages, set()
    bank = QuestionBank.open(path)
    now = operation.present(bank)
    gone = max(len(before - now), acknowledged - len(now))
    if gone > 0:
        damages.append(Damage("lost", gone, f"{acknowledged} acknowledged, {len(before)} before, {len(now)} now"))
    again = [question for question, times in operation.asked().items() if times > 1 or question in before]
    if again:
        damages.append(Damage("asked again", len(again), ", ".join(again[:5])))
    return [*damages, *doubles(bank), *operation.beside(bank)], now


def unopenable(path: Path, mends: Set[str] = frozenset()) -> Iterator[Damage]:
    """What hinders a reader, and every problem that does not mend itself, or is at none of the places `mends`."""
    try:
        bank = QuestionBank.open(path)
        _ = bank.questions, [bank.evaluations(llm) for llm in bank.llms]
    except (SmacsError, OSError) as error:
        yield Damage("unopenable", 1, str(error))
        return
    if problems := [problem for problem in verify(path) if not problem.harmless and problem.where not in mends]:
        yield Damage("unopenable", 1, "; ".join(f"{problem.where}: {problem.what}" for problem in problems))


def doubles(bank: QuestionBank) -> Iterator[Damage]:
    """Texts, cells and given vectors that are there more than once."""
    places = {bank.questions_file.name: Counter(normalised(question.text) for question in bank.questions)}
    for llm in bank.llms:
        places[llm] = Counter(cell.question for cell in read_jsonl(bank.evaluation_file(llm), Cell))
    given = VectorFile(bank.path, bank.manifest.embedder)
    hashes = np.ascontiguousarray(given.records()["hash"])
    places[given.file.name] = Counter(row.tobytes().hex() for row in hashes)
    for where, counts in places.items():
        if more := counts.total() - len(counts):
            yield Damage("duplicated", more, where)
