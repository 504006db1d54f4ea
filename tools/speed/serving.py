"""What `smacs serve` adds to calling the graph in process: seconds of a request, questions/s of 32 at once.

The sides take turns, so that both see the same machine. The server is one process, its client another; the client's
share of the machine counts against the server.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from tools.served import ServedSmacs
from tools.speed.clients import ServerClient
from tools.speed.figure import Figure
from tools.speed.throughput import QUESTIONS, Worker
from tools.speed.worker import AT_ONCE, Recorded
from tools.speed.world import made_up, world

ROUNDS = 7
ALONE = 16  # questions of a round, one after another
STREAMS = 25
SIDES = ("in process", "server")

Round = dict[str, dict[str, float]]


def measure() -> list[Figure]:
    """Milliseconds added to a request (target 10), throughput at 32 (0.9, and by CPU), first progress in ms (50)."""
    with world() as (_, folder):
        write(folder / "scripts.json", "")
        with ServedSmacs(folder) as server:
            write(folder / "server" / "scripts.json", server.url)
            rounds = take_turns(folder, server)
            firsts = asyncio.run(first_progress(server.url))
    return [*_added(rounds), *_throughput(rounds), _first(firsts)]


def write(file: Path, url: str) -> None:
    """What a worker reads."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.encode(Recorded(url, [made_up(-1 - number) for number in range(AT_ONCE)])))


def take_turns(folder: Path, server: ServedSmacs) -> list[Round]:
    """Of each round and side: median seconds of a question alone; questions/s and CPU seconds of each at 32."""
    with ExitStack() as stack:
        graph = stack.enter_context(Worker("graph", folder))
        client = stack.enter_context(Worker("server", folder / "server"))
        workers = dict(zip(SIDES, (graph, client), strict=True))
        for worker in workers.values():
            worker.answer(AT_ONCE)  # opens bank and connections
        return [_round(workers, server, turn) for turn in range(ROUNDS)]


def _round(workers: Mapping[Any, Worker], server: ServedSmacs, turn: int) -> Round:
    found: Round = {}
    for side in SIDES if turn % 2 else SIDES[::-1]:
        alone = workers[side].answer(ALONE, at_once=1)
        before = server.cpu_seconds
        many = workers[side].answer(QUESTIONS)
        cpu = (server.cpu_seconds - before) / QUESTIONS if side == "server" else many["cpu_seconds"]
        found[side] = {"alone": alone["seconds"], **many, "cpu_seconds": cpu}
    return found


async def first_progress(url: str) -> list[float]:
    """Seconds until the first event, of streams one after another."""
    client = ServerClient(url)
    seconds = [await client.first_progress(made_up(-1 - number)) for number in range(STREAMS)]
    await client.aclose()
    return seconds


def _added(rounds: list[Round]) -> list[Figure]:
    added = [1000 * (turn["server"]["alone"] - turn["in process"]["alone"]) for turn in rounds]
    details: dict[str, Any] = {"rounds": rounds, "added": added}
    return [Figure(name="server, added to a request", value=median(added), unit="ms", target=10, details=details)]


def _throughput(rounds: list[Round]) -> list[Figure]:
    rates = [_ratio(turn, "server", "in process", "questions_per_second") for turn in rounds]
    by_cpu = median(_ratio(turn, "in process", "server", "cpu_seconds") for turn in rounds)
    details = {"rounds": rates}
    return [
        Figure(name="server, 32 at once", value=median(rates), target=0.9, at_least=True, details=details),
        Figure(name="server, 32 at once, by CPU seconds", value=by_cpu),
    ]


def _ratio(turn: Round, above: str, below: str, what: str) -> float:
    return turn[above][what] / turn[below][what]


def _first(seconds: list[float]) -> Figure:
    value = 1000 * median(seconds)
    return Figure(name="server, first progress", value=value, unit="ms", target=50, details={"seconds": seconds})
