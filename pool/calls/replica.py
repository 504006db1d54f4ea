"""One replica of an LLM: its connections, its calls, and whether it answers."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from smacs.pool.calls.clients import PerLoop
from smacs.pool.calls.urls import address_of

if TYPE_CHECKING:
    import openai

    from smacs.pool.calls.chat import FastChatOpenAI

PROBE = 3.0  # seconds for a reply to a question about its health
FIRST_PAUSE = 0.5  # seconds between the first two such questions; each further pause is twice as long
LONGEST_PAUSE = 30.0
CALM = 5.0  # seconds: a replica that answered is not asked again so soon
AWAY = (502, 503, 504)


class Replica:
    """A server at `url`. `in_flight` and `calls` (so far) are counted by those who choose it.

    It is `aside` from a call that got no connection, or 502, 503 or 504, until its server answers again.
    """

    def __init__(self, url: str, make_chat: Callable[[str], "FastChatOpenAI"]) -> None:
        self.url = url
        self.in_flight = 0
        self.calls = 0
        self.aside = False
        self._chats = PerLoop(lambda: make_chat(url), _close)
        self._failures = 0
        self._due = math.inf
        self._answered = -math.inf

    def chat(self) -> "FastChatOpenAI":
        """Its chat model, for the running event loop."""
        return self._chats.get()

    def succeeded(self) -> None:
        """A call had a reply."""
        self.aside, self._failures, self._due = False, 0, math.inf

    def failed(self, error: "openai.APIError") -> None:
        """A call had an error in place of a reply."""
        import openai

        away = isinstance(error, openai.APIStatusError) and error.status_code in AWAY
        if away or isinstance(error, openai.APIConnectionError):
            self.aside, self._due = True, min(self._due, time.monotonic() + self._pause())

    def left(self) -> None:
        """A call ended without a reply, perhaps because there is nobody to answer: to be asked for its health."""
        now = time.monotonic()
        if now - self._answered > CALM:
            self._due = min(self._due, now)

    def take_probe(self) -> bool:
        """Whether it is to be asked for its health now; True only once until `probe` is done."""
        if self._due > time.monotonic():
            return False
        self._due = math.inf
        return True

    async def probe(self) -> None:
        """Ask for its health: set it aside, or take it back."""
        try:
            well = await answers(self.url)
        except asyncio.CancelledError:
            self._due = time.monotonic()  # another event loop may ask
            raise
        if well:
            self._answered = time.monotonic()
            self.succeeded()
        else:
            self._failures += 1
            self.aside, self._due = True, time.monotonic() + self._pause()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._chats.aclose()

    def _pause(self) -> float:
        return min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE) if self._failures else 0.0


async def answers(url: str) -> bool:
    """Whether a server is there and done loading. One that has no /health says 404, and that is an answer, too."""
    from aiohttp import ClientError, ClientTimeout

    from smacs.errors import PoolError
    from smacs.pool.calls.transport import new_session

    address, asked = address_of(url), ClientTimeout(total=PROBE)
    health = address.at("/health", root=True)
    try:
        async with new_session(1, url) as session, session.get(health, timeout=asked, headers=address.headers) as reply:
            return reply.status < 500
    except (ClientError, OSError, TimeoutError, PoolError):
        return False


async def _close(chat: "FastChatOpenAI") -> None:
    await chat.session.close()
    await chat.root_async_client.close()
