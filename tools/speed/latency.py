"""One question, while every reply takes a second: how much SMACS adds to the two replies in a row."""

import asyncio
import time
from pathlib import Path
from statistics import median

from tools.mock import MockServer
from tools.speed.figure import Figure
from tools.speed.world import EMBEDDER, Asker, made_up, world

LATENCY = 1.0
RUNS = 5


def measure() -> list[Figure]:
    """End to end over twice the latency of a reply; target 1.05. The first question opens bank and connections."""
    with world() as (mock, folder):
        first, *seconds = asyncio.run(_run(mock, folder))
    details = {"seconds": seconds, "seconds_of_the_first": first, "latency": LATENCY}
    return [Figure(name="one question", value=median(seconds) / (2 * LATENCY), target=1.05, details=details)]


async def _run(mock: MockServer, folder: Path) -> list[float]:
    asker = Asker.load(folder)
    mock.set("*", latency=LATENCY)
    mock.set(EMBEDDER)
    seconds = []
    for number in range(RUNS + 1):
        start = time.perf_counter()
        await asker.ask(made_up(-1 - number))
        seconds.append(time.perf_counter() - start)
    await asker.aclose()
    return seconds
