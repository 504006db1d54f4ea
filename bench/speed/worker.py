"""One side of the comparison in a process of its own, so that neither pays for what the other has imported.

`python -m smacs.bench.speed.worker SIDE FOLDER` reads numbers of questions from standard input, one a line, answers as
many, 32 at once, and prints how long that took; it ends with its input. The folder is that of `world`, with
`scripts.json`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from smacs.bench.speed.byhand import ByHand, Script

AT_ONCE = 32


class Side(Protocol):
    """What answers."""

    async def ask(self, question: Any, /) -> Any:
        """Answer one question."""

    async def aclose(self) -> None:
        """Close all connections."""


class Recorded(msgspec.Struct):
    """`scripts.json`: the mock, the questions, and what the graph sends for each."""

    url: str
    questions: list[str]
    scripts: list[Script]


def make(side: str, folder: Path) -> tuple[Side, Sequence[Any]]:
    """The named side and what it is asked, in turn."""
    recorded = msgspec.json.decode((folder / "scripts.json").read_bytes(), type=Recorded)
    if side == "graph":
        from smacs.bench.speed.world import Asker

        return Asker.load(folder), recorded.questions
    if side == "ChatOpenAI":
        from smacs.bench.speed.chatopenai import ChatOpenAIs

        return ChatOpenAIs(recorded.url), recorded.scripts
    return ByHand(recorded.url), recorded.scripts


async def timed(side: Side, questions: Sequence[Any], count: int) -> dict[str, float]:
    """Questions per second and CPU seconds of this process per question, `AT_ONCE` under way at any time."""
    waiting = islice(cycle(questions), count)

    async def work() -> None:
        for question in waiting:
            await side.ask(question)

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    rate = count / (time.perf_counter() - start)
    return {"questions_per_second": rate, "cpu_seconds": (time.process_time() - cpu) / count}


async def main(name: str, folder: Path) -> None:
    """Answer until the input ends."""
    side, questions = make(name, folder)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await timed(side, questions, int(line))), flush=True)
    await side.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
