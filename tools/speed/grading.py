"""Grading the test set of MATH-500: real problems, right and wrong responses; no figure without its file.

It is looked for in `SMACS_DATA`, or in `../shared/data` beside the checkout.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from smacs.store.records import Question
from tools.speed.figure import Figure

FILE = Path("benchmarks", "math500.jsonl")
TARGET = 60.0  # seconds


def measure() -> list[Figure]:
    """Seconds for three responses to each problem: its solution, its answer in words, another problem's answer."""
    from smacs.store.graders import check_label, grade

    source = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / FILE
    if not source.is_file():
        return []
    asked = list(_responses(source))
    start = time.perf_counter()
    for question, _ in asked:
        check_label(question)
    right = sum(grade(question, response).correct for question, response in asked)
    seconds = time.perf_counter() - start
    name = f"grading {len(asked):,} responses to MATH-500"
    return [Figure(name=name, value=seconds, unit="s", target=TARGET, details={"right": right})]


def _responses(source: Path) -> Iterator[tuple[Question, str]]:
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
        question = Question(id=row["unique_id"], text=row["problem"], label=row["answer"], grader="math")
        yield question, row["solution"]
        yield question, f"The answer is ${row['answer']}$."
        yield question, f"So it is $\\boxed{{{other['answer']}}}$."
