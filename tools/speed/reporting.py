"""`smacs bench report` of a made-up run: 8 systems on 8 benchmarks, 10,000 questions, replies of 2,000 characters."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from smacs.bench.run.folder import results_file, start
from smacs.bench.run.records import (
    BankInfo,
    BenchmarkInfo,
    GradedCandidate,
    GradedReference,
    PoolInfo,
    Result,
    RunInfo,
)
from smacs.graph.systems import SINGLE_LLM, system_names
from smacs.store.io.jsonl import encode_lines
from smacs.store.records import Question
from tools.speed.figure import Figure

BENCHMARKS = 8
EACH = 1250
LLMS = [f"llm-{i}" for i in range(7)]
SYSTEMS = [*(name for name in system_names() if name != SINGLE_LLM), "llm:llm-0"]
SUBSETS = 8
REPLY = "Because every box holds twelve. " * 62
TARGET = 20.0  # seconds


def measure() -> list[Figure]:
    """Seconds of the whole command, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="smacs-bench-") as name:
        folder = Path(name)
        make_run(folder, EACH)
        begin, before = time.perf_counter(), os.times()
        subprocess.run([sys.executable, "-m", "smacs", "bench", "report", name], check=True, stdout=subprocess.DEVNULL)
        seconds, after = time.perf_counter() - begin, os.times()
        size = sum(file.stat().st_size for file in folder.rglob("*.jsonl"))
    cpu = sum(after[2:4]) - sum(before[2:4])
    details = {"bytes": size, "cpu_seconds": cpu, "load": os.getloadavg()[0]}
    count = f"{BENCHMARKS * EACH:,} questions x {len(SYSTEMS)} systems"
    return [Figure(name=f"report of {count}", value=seconds, unit="s", target=TARGET, details=details)]


def make_run(folder: Path, each: int) -> None:
    """A finished run with `each` questions a benchmark."""
    names = [f"benchmark-{i}" for i in range(BENCHMARKS)]
    questions: dict[str, Sequence[Question]] = {
        name: [Question(id=f"{name}-{i}", text=f"{i}?", label="B") for i in range(each)] for name in names
    }
    info = RunInfo(
        created="2026-01-01T00:00:00+00:00",
        seed=0,
        pool=PoolInfo("made up", LLMS, LLMS[:1]),
        bank=BankInfo("made up", "", 0, LLMS, 0),
        settings={},
        prompts={},
        benchmarks={name: BenchmarkInfo(name, each) for name in names},
        systems=SYSTEMS,
        smacs="",
    )
    start(folder, info, questions)
    for spec in SYSTEMS:
        for name in names:
            file = results_file(folder, spec, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encode_lines(_results(spec, questions[name])))


def _results(spec: str, questions: Sequence[Question]) -> Iterator[Result]:
    draw = random.Random(f"{spec} {questions[0].id}")
    for question in questions:
        references = [GradedReference(llm, draw.random(), float(draw.random() < 0.5), True, 150) for llm in LLMS]
        yield Result(
            question=question.id,
            correct=float(draw.random() < 0.5),
            answer="B",
            response=REPLY,
            calls=15,
            prompt_tokens=draw.randrange(9000),
            completion_tokens=draw.randrange(2000),
            seconds=draw.random(),
            llm_seconds=draw.random(),
            selected=0 if spec == "smacs" else None,
            support={"benchmark-0": 0.5, "benchmark-1": 0.5},
            priors=dict.fromkeys(LLMS, draw.random()),
            references=[] if ":" in spec else references,
            candidates=[_candidate(i, draw) for i in range(SUBSETS)] if spec == "smacs" else [],
        )


def _candidate(index: int, draw: random.Random) -> GradedCandidate:
    similarity, perplexity = draw.random(), 1 + draw.random()
    right = float(draw.random() < 0.5)
    return GradedCandidate(index, LLMS[:6], right, True, similarity, perplexity, similarity + 1 - perplexity)
