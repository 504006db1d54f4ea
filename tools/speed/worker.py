"""One side of the comparison in a process of its own, so that neither pays for what the other has imported.

`python -m tools.speed.worker SIDE FOLDER` reads numbers from standard input, how many questions and how many at
once, answers as many, and prints how long that took; it ends with its input. The folder is that of `world`, with
`scripts.json`; for the side `server` that has the server's address.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import msgspec

from tools.speed.clients import ByHand, Script

AT_ONCE = 32


class Side(Protocol):
    """What answers."""

    async def ask(self, question: Any, /) -> Any:
        """Answer one question."""

    async def aclose(self) -> None:
        """Close all connections."""


class Recorded(msgspec.Struct):
    """`scripts.json`: the mock (or the server), the questions, and what the graph sends for each."""

    url: str
    questions: list[str]
    scripts: list[Script] = []


def make(side: str, folder: Path) -> tuple[Side, Sequence[Any]]:
    """The named side and what it is asked, in turn."""
    recorded = msgspec.json.decode((folder / "scripts.json").read_bytes(), type=Recorded)
    if side == "graph":
        from tools.speed.world import Asker

        return Asker.load(folder), recorded.questions
    if side == "server":
        from tools.speed.clients import ServerClient

        return ServerClient(recorded.url), recorded.questions
    if side == "ChatOpenAI":
        from tools.speed.clients import ChatOpenAIs

        return ChatOpenAIs(recorded.url), recorded.scripts
    return ByHand(recorded.url), recorded.scripts


async def timed(side: Side, questions: Sequence[Any], count: int, at_once: int) -> dict[str, float]:
    """Questions per second, the median seconds of one, CPU seconds of this process per question.

    `at_once` are under way at any time.
    """
    waiting = islice(cycle(questions), count)
    seconds: list[float] = []

    async def work() -> None:
        for question in waiting:
            begun = time.perf_counter()
            await side.ask(question)
            seconds.append(time.perf_counter() - begun)

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    rate = count / (time.perf_counter() - start)
    cpu_seconds = (time.process_time() - cpu) / count
    return {"questions_per_second": rate, "seconds": median(seconds), "cpu_seconds": cpu_seconds}


async def main(name: str, folder: Path) -> None:
    """Answer until the input ends."""
    side, questions = make(name, folder)
    while line := await asyncio.to_thread(sys.stdin.readline):
        count, at_once = map(int, line.split())
        print(json.dumps(await timed(side, questions, count, at_once)), flush=True)
    await side.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
