"""The folder of a run as arrays: who answered which question how, and what it cost.

Replies are skipped unread: what a page shows of them is read later, by `full`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from smacs.bench.run.folder import read_info, read_questions, results_file
from smacs.bench.run.records import Outcome, Result, RunInfo
from smacs.bench.run.spec import Spec, parse_spec
from smacs.errors import InputError
from smacs.store.io.jsonl import scan_jsonl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RunArrays:
    """Q questions of the benchmarks one after another, and S systems by spec.

    `benchmark` (Q,) is a position in `benchmarks`; `correct` is (Q, S), NaN where a question was not answered; `lines`
    has for each spec the Q answers, None where there is none; `starts` (Q, S) says where they are in their files.
    """

    folder: Path
    info: RunInfo
    benchmarks: list[str]
    ids: list[str]
    benchmark: Ints
    specs: dict[str, Spec]
    correct: Floats
    lines: dict[str, list[Outcome | None]]
    starts: Ints
    notes: list[str]

    @property
    def names(self) -> list[str]:
        """The specs in their order."""
        return list(self.specs)

    def column(self, spec: str) -> Floats:
        """(Q,) grades of a system, NaN where it did not answer."""
        return np.asarray(self.correct[:, self.names.index(spec)])

    def title(self, benchmark: str) -> str:
        """What a benchmark is called."""
        return self.info.benchmarks[benchmark].title

    def full(self, spec: str, row: int) -> Result:
        """One result with its reply."""
        file = results_file(self.folder, spec, self.benchmarks[self.benchmark[row]])
        with file.open("rb") as opened:
            opened.seek(int(self.starts[row, self.names.index(spec)]))
            return msgspec.json.decode(next(filter(bytes.strip, opened)), type=Result)


def read_run(folder: Path) -> RunArrays:
    """A run, finished or not. Raises InputError where there is none, BankError for a broken line of a file."""
    info = read_info(folder)
    benchmarks, rows, benchmark = _rows(folder, info)
    if not rows:
        raise InputError(f"{folder}: expected questions in questions/, got none. Run `smacs bench run` first.")
    notes: list[str] = []
    found = {spec: _system(folder, spec, info, rows, notes) for spec in info.systems}
    found = {spec: (answers, starts) for spec, (answers, starts) in found.items() if any(answers)}
    notes += _unfinished(info, found)
    if not found:
        raise InputError(f"{folder}: expected results in results/, got none. Run `smacs bench run` first.")
    return RunArrays(
        folder=folder,
        info=info,
        benchmarks=benchmarks,
        ids=[identity for _, identity in rows],
        benchmark=benchmark,
        specs={spec: parse_spec(spec) for spec in found},
        correct=np.array([[a.correct if a else np.nan for a in answers] for answers, _ in found.values()]).T,
        lines={spec: answers for spec, (answers, _) in found.items()},
        starts=np.array([starts for _, starts in found.values()], np.int64).T,
        notes=notes,
    )


def _rows(folder: Path, info: RunInfo) -> tuple[list[str], dict[tuple[str, str], int], Ints]:
    """The benchmarks with questions, the row of each question by benchmark and id, the position of its benchmark."""
    asked = {name: [question.id for question in read_questions(folder, name)] for name in info.benchmarks}
    names = [name for name, ids in asked.items() if ids]
    keys = [(name, identity) for name in names for identity in asked[name]]
    rows = {key: row for row, key in enumerate(keys)}
    if len(rows) < len(keys):
        raise InputError(f"{folder / 'questions'}: expected every id once in a benchmark, got one twice.")
    return names, rows, np.array([names.index(name) for name, _ in keys], np.int64)


def _system(
    folder: Path, spec: str, info: RunInfo, rows: Mapping[tuple[str, str], int], notes: list[str]
) -> tuple[list[Outcome | None], list[int]]:
    """A system's answers by row, and where their lines start."""
    answers: list[Outcome | None] = [None] * len(rows)
    starts = [-1] * len(rows)
    for name in info.benchmarks:
        for line, start in _lines(results_file(folder, spec, name), notes):
            row = rows.get((name, line.question))
            if row is not None and answers[row] is None:  # a run with a smaller limit keeps the answers of before
                answers[row], starts[row] = line, start
    return answers, starts


def _unfinished(info: RunInfo, found: Mapping[str, tuple[list[Outcome | None], list[int]]]) -> Iterable[str]:
    """What is missing of a run that did not finish."""
    if none := [spec for spec in info.systems if spec not in found]:
        yield f"The run is not finished: no results of {', '.join(none)}."
    for spec, (answers, _) in found.items():
        if there := sum(answer is None for answer in answers):
            yield f"The run is not finished: {spec} lacks {there:,} of {len(answers):,} questions."


def _lines(file: Path, notes: list[str]) -> Iterator[tuple[Outcome, int]]:
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
