"""LiveCodeBench, release v6: problems of contests; 2024-08-01 to 2025-02-01 are the test, older ones the bank part.

The hub has gigabytes of it as plain files, which the library `datasets` no longer reads: they are read line by line.
"""

import base64
import binascii
import io
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.lines import read_lines
from smacs.store.records import Question

_BANK = 100_000  # characters of the cases that a bank question keeps
NAME = "livecodebench"
_HUB = "livecodebench/code_generation_lite"
_LINE = 1_024  # MB: the hidden tests of a problem are in its line
_HUB_FILES = ("test.jsonl", *(f"test{number}.jsonl" for number in range(2, 7)))
_LOCAL = ("livecodebench*.jsonl", "code_generation_lite/test*.jsonl", f"{_HUB}/test*.jsonl")
_FIRST, _LAST = "2024-08-01", "2025-02-01"
_STDIN = "The program reads from standard input and writes to standard output."
_STARTER = "Begin with this code:\n```python\n{}\n```"


class Case(msgspec.Struct):
    """What a program or method is given, and what it must give back."""

    input: str
    output: str


class _Text(pickle.Unpickler):
    """A pickle of a plain text needs no global; one that names any may run a program."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}, a text does not")


def read_cases(public: str, private: str, place: str) -> list[Case]:
    """The public cases, then the private ones, which are JSON, or that JSON pickled, compressed and in base64.

    Raises InputError.
    """
    try:
        packed = not private.lstrip().startswith("[")
        return [*_decoded(public), *_decoded(_unpacked(private) if packed else private)]
    except (ValueError, zlib.error, pickle.UnpicklingError, EOFError, TypeError, msgspec.DecodeError) as error:
        raise InputError(f"{place}: the test cases cannot be read: {error}.") from error


def small(cases: list[Case]) -> list[Case]:
    """The cases in order that have room within 100,000 characters, and at least the smallest one."""
    kept, room = [], _BANK
    for case in cases:
        if (size := len(case.input) + len(case.output)) <= room:
            kept.append(case)
            room -= size
    return kept or sorted(cases, key=lambda case: len(case.input) + len(case.output))[:1]


def _decoded(text: str) -> list[Case]:
    return msgspec.json.decode(text, type=list[Case])


def _unpacked(text: str) -> str:
    try:
        value = _Text(io.BytesIO(zlib.decompress(base64.b64decode(text, validate=True)))).load()
    except binascii.Error as error:
        raise ValueError(f"they are neither JSON nor base64 ({error})") from error
    if not isinstance(value, str):
        raise ValueError(f"expected a pickled text, got {type(value).__name__}")
    return value


class _Problem(msgspec.Struct):
    question_id: str
    question_content: str
    contest_date: str
    public_test_cases: str
    private_test_cases: str
    metadata: str = ""
    starter_code: str = ""
    difficulty: str = ""


class _Metadata(msgspec.Struct):
    func_name: str = ""


def _test(data: Path | None) -> list[Question]:
    return [
        _question(problem, place, read_cases(problem.public_test_cases, problem.private_test_cases, place))
        for place, problem in _problems(data)
        if _FIRST <= problem.contest_date[:10] <= _LAST
    ]


def _bank(data: Path | None) -> list[Question]:
    """With small cases only: a bank is a folder to copy, and reads all labels at once."""
    return [
        _question(problem, place, small(read_cases(problem.public_test_cases, problem.private_test_cases, place)))
        for place, problem in _problems(data)
        if problem.contest_date[:10] < _FIRST
    ]


def _problems(data: Path | None) -> Iterator[tuple[str, _Problem]]:
    for file in _files(data):
        looks = f"a problem with {', '.join(_Problem.__struct_fields__)}"
        yield from read_lines(file, _Problem, looks, ImportOptions(max_mb=_LINE))


def _files(data: Path | None) -> list[Path]:
    if data is None:
        return [_fetch(name) for name in _HUB_FILES]
    found = (sorted(folder.glob(pattern)) for folder in (data, data / "benchmarks") for pattern in _LOCAL)
    if files := next((files for files in found if files), None):
        return files
    raise InputError(
        f"{data} has no {' or '.join(_LOCAL)}: expected the files {_HUB_FILES[0]} to {_HUB_FILES[-1]} of the hub's "
        f"data set {_HUB}. Put them there, or leave out --data to load them from the hub."
    )


def _fetch(name: str) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(_HUB, name, repo_type="dataset"))
    except Exception as error:  # the library raises whatever went wrong below it, network included
        reason = f"{type(error).__name__}: {str(error)[:300]}"
        raise InputError(f"{name} of the hub's data set {_HUB} cannot be loaded: {reason}") from error


def _question(problem: _Problem, place: str, cases: list[Case]) -> Question:
    """The statement, and how the program is called: by a method of the starter code, or by standard input."""
    starter = problem.starter_code.rstrip()
    function = _function(problem, place)
    kind = {"kind": "functional", "function": function} if function else {"kind": "stdin"}
    return Question(
        id=f"{NAME}/{problem.question_id}",
        text="\n\n".join([problem.question_content.strip(), _STARTER.format(starter) if starter else _STDIN]),
        label={**kind, "cases": msgspec.to_builtins(cases)},
        task="code",
        grader="livecodebench",
        dataset=NAME,
        subject=problem.difficulty,
    )


def _function(problem: _Problem, place: str) -> str:
    try:
        return msgspec.json.decode(problem.metadata or "{}", type=_Metadata).func_name
    except msgspec.DecodeError as error:
        raise InputError(f"{place}: expected metadata with a func_name, as JSON: {error}.") from error


BENCHMARK = Benchmark(name=NAME, title="LiveCodeBench", test_size=None, hub=(_HUB,), test=_test, bank=_bank)
