"""MBPP: short Python tasks with three asserts each; tasks 11 to 510 are the test, 511 to 974 validation and train."""

from pathlib import Path

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.identity import normalised
from smacs.store.records import Question

NAME = "mbpp"
_TESTS = "\nYour code should pass these tests:\n"
_TABLE = Table(("mbpp",), "google-research-datasets/mbpp/full", "test+validation+train")


class _Task(msgspec.Struct):
    task_id: int
    text: str
    test_list: list[str]
    test_setup_code: str = ""


def _read(data: Path | None, numbers: range) -> list[Question]:
    return [_question(task) for task in _TABLE.rows(data, _Task) if task.task_id in numbers]


def _question(task: _Task) -> Question:
    """The tests are part of the question, as in MBPP's paper: only they say what the function is called."""
    setup = task.test_setup_code.replace("\r\n", "\n").strip()
    shown = "\n".join([setup, *task.test_list] if setup else task.test_list)
    return Question(
        id=f"{NAME}/{task.task_id}",
        text=f"{task.text.strip()}{_TESTS}{shown}",
        label={"asserts": task.test_list, **({"setup": setup} if setup else {})},
        task="code",
        grader="code",
        dataset=NAME,
    )


def _words(question: Question) -> str:
    """The task without its tests: three tasks of the bank part are test tasks with other asserts."""
    return normalised(question.text.partition(_TESTS)[0])


BENCHMARK = Benchmark(
    name=NAME,
    title="MBPP",
    test_size=500,
    hub=(_TABLE.hub,),
    test=lambda data: _read(data, range(11, 511)),
    bank=lambda data: _read(data, range(511, 975)),
    core=_words,
)
