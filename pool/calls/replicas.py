"""The replicas of one LLM: which of them a call goes to, and what happens when it does not answer.

- A call goes to the replica with the fewest calls in flight, ties to the one that had the fewest so far.
- Calls about the same question go where the last of them went: their prompts share a long prefix, and only that
  server's prefix cache holds it. Unless it is full, or much busier than the idlest one.
- A replica that does not answer is set aside, and the call goes on at the others, each once. Calls that come later
  have it asked for its health, less and less often; once it answers, it gets calls again. Where all are set aside, all
  are tried.

`in_flight` of the pool file holds for each replica: the LLM has so many slots for each one that is not set aside.
"""

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import openai
from aiohttp import ClientError, ClientTimeout

from smacs.errors import PoolError
from smacs.pool.calls.connections import PerLoop, new_session
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.transport import helps, retried
from smacs.pool.calls.urls import address_of
from smacs.pool.prompts import Message

if TYPE_CHECKING:
    from smacs.pool.calls.chat import FastChatOpenAI

T = TypeVar("T")

SLACK = 8  # calls; much busier is more than twice the idlest one's calls in flight and so many more
REMEMBERED = 4096  # questions
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

    def failed(self, error: openai.APIError) -> None:
        """A call had an error in place of a reply."""
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


class Replicas:
    """The replicas. `limiter` counts the LLM's slots, `each` is the limit of calls in flight at one replica."""

    def __init__(self, replicas: Sequence[Replica], limiter: Limiter, each: int, retries: int) -> None:
        self.all = tuple(replicas)
        self._limiter = limiter
        self._each = each
        self._retries = retries
        self._lock = threading.Lock()
        self._homes: OrderedDict[int, Replica] = OrderedDict()
        self._probes: set[asyncio.Task[None]] = set()
        self._resize()

    async def call(self, messages: Sequence[Message], use: Callable[["FastChatOpenAI"], Awaitable[T]]) -> T:
        """What `use` makes of the chat model of a replica that answers. Raises what it raised for the last one."""
        if len(self.all) == 1:
            return await use(self.all[0].chat())
        self._start_probes()
        return await retried(partial(self._try_each, hash(question_of(messages)), use), self._retries)

    def idlest(self) -> Replica:
        """The replica with the fewest calls in flight; there must be one."""
        return min((replica for replica in self.all if not replica.aside), key=load, default=self.all[0])

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        here = [task for task in self._probes if task.get_loop() is asyncio.get_running_loop()]
        for task in here:
            task.cancel()
        await asyncio.gather(*here, return_exceptions=True)
        for replica in self.all:
            await replica.aclose()

    async def _try_each(self, question: int, use: Callable[["FastChatOpenAI"], Awaitable[T]]) -> T:
        tried: list[Replica] = []
        while True:
            with self._chosen(question, tried) as replica:
                tried.append(replica)
                try:
                    reply = await use(replica.chat())
                except openai.APIError as error:
                    replica.failed(error)
                    if not helps(error) or len(tried) == len(self.all):
                        raise
                except asyncio.CancelledError:
                    replica.left()
                    raise
                else:
                    replica.succeeded()
                    return reply

    @contextmanager
    def _chosen(self, question: int, tried: Collection[Replica]) -> Iterator[Replica]:
        """The replica to try next, with the call counted."""
        with self._lock:
            replica = self._choose(question, tried)
            replica.calls += 1
            replica.in_flight += 1
        try:
            yield replica
        finally:
            with self._lock:
                replica.in_flight -= 1
            self._resize()

    def _choose(self, question: int, tried: Collection[Replica]) -> Replica:
        left = [replica for replica in self.all if replica not in tried]
        there = [replica for replica in left if not replica.aside] or left
        idlest = min(there, key=load)
        home = self._homes.pop(question, None)
        full = min(self._each, 2 * idlest.in_flight + SLACK + 1)
        chosen = home if home in there and home.in_flight < full else idlest
        self._homes[question] = chosen
        if len(self._homes) > REMEMBERED:
            self._homes.popitem(last=False)
        return chosen

    def _resize(self) -> None:
        limit = self._each * max(sum(not replica.aside for replica in self.all), 1)
        if limit != self._limiter.limit:
            self._limiter.resize(limit)

    def _start_probes(self) -> None:
        for replica in self.all:
            if replica.take_probe():
                task = asyncio.create_task(self._probe(replica))
                self._probes.add(task)
                task.add_done_callback(self._probes.discard)

    async def _probe(self, replica: Replica) -> None:
        await replica.probe()
        self._resize()


def load(replica: Replica) -> tuple[int, int]:
    """How busy a replica is, then how busy it has been."""
    return replica.in_flight, replica.calls


def question_of(messages: Sequence[Message]) -> str:
    """What prompts that share a long prefix have in common: the first user message.

    It is the same in all aggregator calls of a question, and in all turns of a conversation.
    """
    return next((message["content"] for message in messages if message["role"] == "user"), "")
