"""IFEval: instructions that a program can verify; the first 300 are the test, the other 241 the bank part."""

from pathlib import Path
from typing import Any

import msgspec

from smacs.bench.benchmarks.shared.benchmark import Benchmark
from smacs.bench.benchmarks.shared.table import Table
from smacs.store.records import Question

NAME = "ifeval"
_TEST = 300
_TABLE = Table(("ifeval",), "google/IFEval", "train")


class _Item(msgspec.Struct):
    key: int
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any]]


def _read(data: Path | None) -> list[Question]:
    return [_question(item) for item in _TABLE.rows(data, _Item)]


def _question(item: _Item) -> Question:
    """The prompt as it is; on the hub every instruction has all keywords, most of them null."""
    kwargs = [{name: value for name, value in words.items() if value is not None} for words in item.kwargs]
    return Question(
        id=f"{NAME}/{item.key}",
        text=item.prompt,
        label={"instruction_id_list": item.instruction_id_list, "kwargs": kwargs},
        task="instruction",
        grader="ifeval",
        dataset=NAME,
    )


BENCHMARK = Benchmark(
    name=NAME,
    title="IFEval",
    test_size=_TEST,
    hub=("google/IFEval",),
    test=lambda data: _read(data)[:_TEST],
    bank=lambda data: _read(data)[_TEST:],
)
