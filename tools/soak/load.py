"""The load: clients whose wishes are drawn by a seed, at a rate that does not care, and how each request ended."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, TCPConnector

from tools.speed.world import made_up

ANSWERS = ("answer", "degraded")
CLEAN = (*ANSWERS, "busy", "unavailable", "hung up")  # "hung up": by the client, as it meant to
UNEXPECTED = "The server failed in an unexpected way"
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Ending:
    """`kind` is one of `CLEAN`, or what was wrong in a few words; `start` is on the event loop's clock, in seconds."""

    kind: str
    start: float
    seconds: float

    @property
    def end(self) -> float:
        """When it ended."""
        return self.start + self.seconds


def judge(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The kind of a reply that came whole."""
    try:
        if status == 200:
            streamed = headers.get("content-type", "").startswith("text/event-stream")
            return _stream(body) if streamed else _answer(orjson.loads(body))
        message = orjson.loads(body)["error"]["message"]
    except (ValueError, LookupError, TypeError):
        return f"{status} with a broken body"
    if status == 429:
        return "busy" if headers.get("retry-after", "").isdecimal() else "429 without Retry-After"
    return "unavailable" if status == 503 else f"{status}: {message[:80]}"


def _answer(reply: Any) -> str:
    return _kind(reply["choices"][0]["message"]["content"], reply["smacs"])


def _kind(text: str, about: Any) -> str:
    if not text:
        return "an empty answer"
    return "degraded" if about["degraded"] else "answer"


def _stream(body: bytes) -> str:
    if not body.endswith(DONE):
        return "a stream that broke off"
    lines = [line for line in body.removesuffix(DONE).split(b"\n\n") if line.startswith(b"data: ")]
    chunks = [orjson.loads(line.removeprefix(b"data: ")) for line in lines]
    if "error" in chunks[-1]:
        return _cut(chunks[-1]["error"])
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return _kind("".join(delta.get("content", "") for delta in deltas), chunks[-1]["smacs"])


def _cut(error: Any) -> str:
    """A stream has no status of its own: the same failures as without one, by their text and code."""
    if error["message"].startswith(UNEXPECTED):
        return "500 in a stream"
    return "504 in a stream" if "deadline" in (error["code"] or "") else "unavailable"


MODELS = {"smacs": 8, "majority_voting": 1, "llm-1": 1}  # model -> how often
KEYS = {"large": 19, "small": 1}  # name of the key -> how often
HANG_UP = 0.05  # share of clients that hang up before they have a reply
IMPATIENCE = 1.0  # seconds after which such a one does at the latest


@dataclass(frozen=True, slots=True)
class Wish:
    """A request; its client hangs up after `patience` seconds where that is set."""

    question: str
    model: str
    key: str
    stream: bool
    patience: float | None

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of it."""
        return {"model": self.model, "messages": [{"role": "user", "content": self.question}], "stream": self.stream}


def wishes(seed: int) -> Iterator[Wish]:
    """Requests without end."""
    source, number = random.Random(f"{seed} clients"), 0
    while True:
        number += 1
        yield Wish(
            question=made_up(-number),
            model=source.choices(list(MODELS), list(MODELS.values()))[0],
            key=source.choices(list(KEYS), list(KEYS.values()))[0],
            stream=source.random() < 0.5,
            patience=source.uniform(0, IMPATIENCE) if source.random() < HANG_UP else None,
        )


async def ask(http: ClientSession, wish: Wish, key: str, limit: float) -> Ending:
    """Ask once; a reply that is not there within `limit` seconds is "no reply"."""
    start = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(wish.patience or limit):
            kind = await _kind_of_end(http, wish, key)
    except TimeoutError:
        kind = "hung up" if wish.patience else "no reply"
    except ClientError as error:
        kind = f"the connection failed: {type(error).__name__}"
    return Ending(kind, start, asyncio.get_running_loop().time() - start)


async def _kind_of_end(http: ClientSession, wish: Wish, key: str) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    async with http.post("/v1/chat/completions", json=wish.body, headers=headers) as reply:
        return judge(reply.status, reply.headers, await reply.read())


KEEP = 3.0  # seconds; the server closes connections that nobody uses after five


class Load:
    """Clients of one server. `keys` are API keys by name; past `limit` seconds a client gives up."""

    def __init__(self, url: str, keys: Mapping[str, str], wishes: Iterator[Wish], limit: float) -> None:
        self.outcomes: list[Ending] = []
        self._url = url
        self._keys = keys
        self._wishes = wishes
        self._limit = limit

    async def closed(self, at_once: int, seconds: float) -> list[Ending]:
        """So many patient clients, each of which asks again as soon as it has its reply."""
        end = asyncio.get_running_loop().time() + seconds
        found: list[Ending] = []

        async def client(http: ClientSession) -> None:
            while asyncio.get_running_loop().time() < end:
                wish = next(wish for wish in self._wishes if wish.key == "large" and wish.patience is None)
                found.append(await self._ask(http, wish))

        async with self._session() as http, asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(client(http))
        return found

    async def offer(self, rate: float, seconds: float) -> None:
        """`rate` requests a second, whatever becomes of them; ends when the last one has ended."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with self._session() as http, asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(start + number / rate - loop.time(), 0))
                group.create_task(self._offer(http, next(self._wishes)))

    async def _offer(self, http: ClientSession, wish: Wish) -> None:
        self.outcomes.append(await self._ask(http, wish))

    async def _ask(self, http: ClientSession, wish: Wish) -> Ending:
        return await ask(http, wish, self._keys[wish.key], self._limit)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[ClientSession]:
        async with ClientSession(self._url, connector=TCPConnector(limit=0, keepalive_timeout=KEEP)) as http:
            yield http
