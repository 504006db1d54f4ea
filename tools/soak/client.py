"""One client: what it asks for, drawn by a seed, and asking."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession

from tools.soak.outcome import Outcome, judge
from tools.speed.world import made_up

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


async def ask(http: ClientSession, wish: Wish, key: str, limit: float) -> Outcome:
    """Ask once; a reply that is not there within `limit` seconds is "no reply"."""
    start = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(wish.patience or limit):
            kind = await _kind(http, wish, key)
    except TimeoutError:
        kind = "hung up" if wish.patience else "no reply"
    except ClientError as error:
        kind = f"the connection failed: {type(error).__name__}"
    return Outcome(kind, start, asyncio.get_running_loop().time() - start)


async def _kind(http: ClientSession, wish: Wish, key: str) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    async with http.post("/v1/chat/completions", json=wish.body, headers=headers) as reply:
        return judge(reply.status, reply.headers, await reply.read())
