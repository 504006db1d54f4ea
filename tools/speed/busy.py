"""`smacs bench run` of SMACS over 200 questions: how busy it keeps the LLM that every question waits for.

That is the aggregator: each question asks the other LLMs once and the aggregator for each different subset. Every LLM
has 64 slots, and a reply takes three to six seconds.
"""

import os
from pathlib import Path

import msgspec

from tools.mock import MockServer
from tools.speed.figure import Figure
from tools.speed.world import EMBEDDER, LLM, LLMS, POOL, made_up, run, world

SLOTS = 64
QUESTIONS = 200
LATENCY, JITTER = 3.0, 3.0  # 500 tokens at 80 to 170 a second
AGGREGATOR = LLMS[0]
COMMAND = "bench run --systems smacs --benchmarks math500 --data . --pool pool.toml --bank bank --out run"


def measure() -> list[Figure]:
    """Share of the aggregator's slots' time in which they work, target 0.9; CPU of the whole process by question."""
    with world() as (mock, folder):
        prepare(folder, mock)
        cpu = run(folder, *COMMAND.split(), "--limit", str(QUESTIONS))
        count = mock.stats().of(AGGREGATOR)
    wall = count.last - count.first
    busy = count.busy / (SLOTS * wall)
    details = {"calls": count.requests, "seconds": wall, "cpu_seconds": cpu, "load": os.getloadavg()[0]}
    return [
        Figure(name="SMACS, busy slots", value=busy, target=0.9, at_least=True, details=details),
        Figure(name="SMACS, CPU by question", value=1000 * cpu / QUESTIONS, unit="ms"),
    ]


def prepare(folder: Path, mock: MockServer) -> None:
    """LLMs that take their time, a pool with their slots, and the questions as MATH-500's file has them."""
    for name in LLMS:
        mock.set(name, latency=LATENCY, jitter=JITTER, text="So the train is late, and \\boxed{2} remain.")
    pool = [POOL.format(embedder=EMBEDDER, url=mock.url)]
    pool += [f"{LLM.format(name=name, url=mock.url)}in_flight = {SLOTS}\n" for name in LLMS]
    (folder / "pool.toml").write_text("".join(pool))
    problems = [{"problem": made_up(-1 - n), "answer": "2", "unique_id": f"{n}"} for n in range(QUESTIONS)]
    (folder / "math500.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in problems))
