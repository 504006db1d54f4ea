"""The client that the graph is measured against: asyncio, httpx2 and orjson, and nothing else.

It sends the requests that the graph was seen to send for the same question, in the same order and as many at
once, reads what an answer takes from the replies, and scores the candidates by eq. 7.
"""

import asyncio
import base64
from typing import Any, Self

import httpx2
import msgspec
import numpy as np
import orjson

from tools.mock.plan import Stats

Body = dict[str, Any]
CONNECTIONS = 32  # httpx2 gets slower with more; fewer do not fill the mock


class Script(msgspec.Struct, frozen=True):
    """The bodies of one question's requests."""

    question: Body
    references: list[Body]
    candidates: list[Body]
    texts: Body

    @classmethod
    def of(cls, stats: Stats, k: int) -> Self:
        """From what the mock received for one question: the first `k` chats are the referencers'."""
        question, texts = [seen.json() for seen in stats.received if seen.path.endswith("/embeddings")]
        chats = [seen.json() for seen in stats.received if seen.path.endswith("/completions")]
        return cls(question, chats[:k], chats[k:], texts)


class ByHand:
    """The client."""

    def __init__(self, url: str) -> None:
        limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self.http = httpx2.AsyncClient(base_url=url, limits=limits, timeout=None, trust_env=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.http.aclose()

    async def ask(self, script: Script) -> str:
        """The text of the best candidate."""
        await self.post("embeddings", script.question)
        await self.chats(script.references)
        choices = [choice for reply in await self.chats(script.candidates) for choice in reply["choices"]]
        texts = [choice["message"]["content"] for choice in choices]
        vectors = await self.post("embeddings", script.texts | {"input": texts})
        return str(texts[best(vectors, choices)])

    async def chats(self, bodies: list[Body]) -> list[Body]:
        """Several chat completions at once."""
        return await asyncio.gather(*(self.post("chat/completions", body) for body in bodies))

    async def post(self, path: str, body: Body) -> Body:
        """One request and its reply."""
        headers = {"content-type": "application/json"}
        response = await self.http.post(path, content=orjson.dumps(body), headers=headers)
        response.raise_for_status()
        reply: Body = orjson.loads(response.content)
        return reply


def best(vectors: Body, choices: list[Body]) -> int:
    """Position of the candidate with the largest score, eq. 7 with lambda 1."""
    rows = [np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in vectors["data"]]
    unit = np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float64)
    logprobs = [[token["logprob"] for token in choice["logprobs"]["content"]] for choice in choices]
    perplexity = np.exp([-sum(values) / len(values) for values in logprobs])
    return int(np.argmax((unit @ unit.T).mean(axis=1) + 1 - perplexity))
