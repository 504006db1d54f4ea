"""The folder of a run, written as `smacs bench run` writes it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from smacs.bench.run.folder import results_file, start
from smacs.bench.run.records import BankInfo, BenchmarkInfo, PoolInfo, Result, RunInfo
from smacs.store.io.jsonl import encode_lines
from smacs.store.records import Question

TITLES = {"mbpp": "MBPP", "math500": "MATH-500"}
MakeRun = Callable[..., Path]


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """`questions` says how many each benchmark has, ids q0, q1, ...; `systems` what each spec answered there."""

    def make(
        systems: Mapping[str, Mapping[str, Sequence[Result]]],
        *,
        questions: Mapping[str, int],
        llms: Sequence[str] = ("a", "b"),
        settings: Mapping[str, Any] | None = None,
        text: str = "What is 1 + 1?",
    ) -> Path:
        folder = tmp_path_factory.mktemp("run")
        asked: dict[str, Sequence[Question]] = {
            name: [Question(id=f"q{i}", text=f"{text} ({i})", label="2") for i in range(count)]
            for name, count in questions.items()
        }
        info = RunInfo(
            created="2026-01-02T03:04:05+00:00",
            seed=7,
            pool=PoolInfo("pool.toml", list(llms), [llms[0]]),
            bank=BankInfo("bank", "uid", 10, list(llms), 20),
            settings=dict(settings or {}),
            prompts={},
            benchmarks={name: BenchmarkInfo(TITLES[name], count) for name, count in questions.items()},
            systems=list(systems),
            smacs="0.1.0",
        )
        start(folder, info, asked)
        for spec, found in systems.items():
            for name, results in found.items():
                file = results_file(folder, spec, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(encode_lines(results))
        return folder

    return make
