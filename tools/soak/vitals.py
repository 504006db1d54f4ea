"""What the server's process holds: memory while it works, and what is open when nobody asks."""

import asyncio
import time
from dataclasses import dataclass

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tools.served import ServedSmacs

PERIOD = 0.5  # seconds between two looks at the memory
CALM = 30.0  # seconds after which connections that nobody uses must be closed
GAUGES = ("smacs_requests_in_flight", "smacs_queue_running", "smacs_queue_waiting")


@dataclass(frozen=True, slots=True)
class Rest:
    """The server when nobody asks: open connections, file descriptors, requests it still counts, memory in bytes."""

    connections: int
    descriptors: int
    requests: int
    memory: int


async def memory(process: psutil.Process, samples: list[tuple[float, int]]) -> None:
    """Add (time on the event loop's clock, resident bytes) until cancelled."""
    while True:
        samples.append((asyncio.get_running_loop().time(), process.memory_info().rss))
        await asyncio.sleep(PERIOD)


def at_rest(server: ServedSmacs, key: str) -> Rest:
    """Wait until connections and requests are gone, or should be, and look."""
    limit = time.monotonic() + CALM
    rest = _look(server, key)
    while (rest.connections or rest.requests) and time.monotonic() < limit:
        time.sleep(0.2)
        rest = _look(server, key)
    return rest


def _look(server: ServedSmacs, key: str) -> Rest:
    headers = {"Authorization": f"Bearer {key}"}
    scraped = httpx2.get(f"{server.url}/metrics", headers=headers, trust_env=False, timeout=CALM).raise_for_status()
    gauges = [family for family in text_string_to_metric_families(scraped.text) if family.name in GAUGES]
    requests = int(sum(gauge.samples[0].value for gauge in gauges)) - 1  # the scrape itself
    time.sleep(0.1)  # its connection is closed by now
    seen = server.seen
    return Rest(server.connections, seen.num_fds(), requests, seen.memory_info().rss)
