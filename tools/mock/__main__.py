"""`python -m tools.mock --port 0`: prints `{"port": ...}` once ready, serves until it is stopped."""

import argparse
import asyncio
import json
import signal
import sys

from tools.mock.behaviour import Behaviour
from tools.mock.endpoint import Endpoint
from tools.mock.wire import Wire


class Lifeline(asyncio.Protocol):
    """Standard input, held open by the parent: at its end the parent is gone."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.stop = stop

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The parent has closed its end, or died."""
        self.stop.set()


async def serve(port: int, plan: Behaviour, lifeline: bool) -> None:
    """Serve on 127.0.0.1 until SIGTERM, SIGINT or the end of the lifeline."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline:
        await loop.connect_read_pipe(lambda: Lifeline(stop), sys.stdin)
    endpoint = Endpoint(plan)
    server = await loop.create_server(lambda: Wire(endpoint.handle), "127.0.0.1", port, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await stop.wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser("python -m tools.mock", description="A mock of an LLM server.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every reply")
    parser.add_argument("--tokens", type=int, default=500, help="tokens of a reply")
    parser.add_argument("--dimension", type=int, default=384, help="of an embedding")
    parser.add_argument("--lifeline", action="store_true", help="stop when standard input ends")
    given = parser.parse_args()
    plan = Behaviour(latency=given.latency, tokens=given.tokens, dimension=given.dimension)
    asyncio.run(serve(given.port, plan, given.lifeline))


if __name__ == "__main__":
    main()
