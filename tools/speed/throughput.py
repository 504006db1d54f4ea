"""32 questions at once, answered without latency: questions/s against those of a client written by hand.

Each side is one process; they take turns, so that both see the same machine.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Self

import msgspec

from tools.launch import environment
from tools.mock import MockServer
from tools.speed.clients import Script
from tools.speed.figure import Figure
from tools.speed.worker import AT_ONCE, Recorded
from tools.speed.world import Asker, made_up, world

ROUNDS = 7
QUESTIONS = 64
SIDES = ("graph", "by hand", "ChatOpenAI")


def measure() -> list[Figure]:
    """Questions/s of the graph over those of the client by hand, target 0.85; the same by CPU, and of ChatOpenAI."""
    runs = take_turns()
    sides = {side: runs[side] for side in ("graph", "by hand")}
    graph, byhand, chat = (rates(runs[side]) for side in SIDES)
    ratio = median(one / other for one, other in zip(graph, byhand, strict=True))
    by_cpu = median(run["cpu_seconds"] for run in runs["by hand"]) / median(run["cpu_seconds"] for run in runs["graph"])
    return [
        Figure(name="32 at once", value=ratio, target=0.85, at_least=True, details={"questions": QUESTIONS, **sides}),
        Figure(name="32 at once, by CPU seconds", value=by_cpu),
        Figure(name="32 at once, plain ChatOpenAI", value=median(chat) / median(byhand), details=runs["ChatOpenAI"][0]),
    ]


def rates(runs: list[dict[str, float]]) -> list[float]:
    """Questions per second of each round."""
    return [run["questions_per_second"] for run in runs]


def take_turns() -> dict[str, list[dict[str, float]]]:
    """What each side took in each round."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in SIDES}
    with world() as (mock, folder), ExitStack() as stack:
        recorded = asyncio.run(record(mock, folder))
        (folder / "scripts.json").write_bytes(msgspec.json.encode(recorded))
        workers = {name: stack.enter_context(Worker(name, folder)) for name in SIDES}
        for name in SIDES:
            workers[name].answer(AT_ONCE)  # opens bank and connections
        for round_ in range(ROUNDS):
            for name in ("graph", "by hand") if round_ % 2 else ("by hand", "graph"):
                runs[name].append(workers[name].answer(QUESTIONS))
        runs["ChatOpenAI"].append(workers["ChatOpenAI"].answer(QUESTIONS))
    return runs


async def record(mock: MockServer, folder: Path) -> Recorded:
    """What the graph sends for each of `AT_ONCE` questions."""
    asker = Asker.load(folder)
    questions = [made_up(-1 - number) for number in range(AT_ONCE)]
    await asker.ask(questions[0])  # embeds the bank
    scripts = []
    for question in questions:
        mock.reset()
        answer = await asker.ask(question)
        scripts.append(Script.of(mock.stats(), k=len(answer["references"])))
    await asker.aclose()
    return Recorded(mock.url, questions, scripts)


class Worker:
    """A side in its process; see `tools.speed.worker`."""

    def __init__(self, side: str, folder: Path) -> None:
        self.side = side
        command = [sys.executable, "-m", "tools.speed.worker", side, str(folder)]
        self.process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def answer(self, count: int, at_once: int = AT_ONCE) -> dict[str, Any]:
        """Have it answer `count` questions."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(count, at_once, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.side}: the worker ended with {self.process.wait()}")
        result: dict[str, Any] = json.loads(line)
        return result
