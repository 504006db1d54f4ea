"""LiveCodeBench, release v6: problems of contests; 2024-08-01 to 2025-02-01 are the test, older ones the bank part.

The hub has gigabytes of it as plain files, which the library `datasets` no longer reads: they are read line by line.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from smacs.bench.benchmarks.benchmark import Benchmark
from smacs.bench.benchmarks.livecodebench_cases import Case, read_cases, small
from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.lines import read_lines
from smacs.store.records import Question

NAME = "livecodebench"
_HUB = "livecodebench/code_generation_lite"
_LINE = 1_024  # MB: the hidden tests of a problem are in its line
_HUB_FILES = ("test.jsonl", *(f"test{number}.jsonl" for number in range(2, 7)))
_LOCAL = ("livecodebench*.jsonl", "code_generation_lite/test*.jsonl", f"{_HUB}/test*.jsonl")
_FIRST, _LAST = "2024-08-01", "2025-02-01"
_STDIN = "The program reads from standard input and writes to standard output."
_STARTER = "Begin with this code:\n```python\n{}\n```"


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
