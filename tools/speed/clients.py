"""The clients that SMACS is measured against: by hand, over plain `ChatOpenAI`, and of the server over HTTP."""

import asyncio
import base64
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Self

import httpx2
import msgspec
import numpy as np
import orjson
from aiohttp import ClientResponse, ClientSession, ClientTimeout
from langchain_core.messages import convert_to_messages
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tools.mock.behaviour import Stats

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


SMACS = {"model": "smacs"}


class ServerClient:
    """Asks the server at `url` (without /v1)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: ClientSession | None = None

    async def ask(self, question: str) -> None:
        """One question, answered whole. Raises RuntimeError for anything else, and for a degraded answer."""
        async with self._post(question, stream=False) as reply:
            body = orjson.loads(await reply.read())
        if reply.status != 200 or body["smacs"]["degraded"]:
            raise RuntimeError(f"the mock answered, but the server says {reply.status}: {body}")

    async def first_progress(self, question: str) -> float:
        """Seconds until the first event of the run is here; the rest of the stream is read."""
        loop = asyncio.get_running_loop()
        start, first = loop.time(), None
        async with self._post(question, stream=True) as reply:
            async for line in reply.content:
                if first is None and b"reasoning_content" in line:
                    first = loop.time() - start
        if first is None:
            raise RuntimeError(f"the stream has no progress: {reply.status}")
        return first

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _post(self, question: str, *, stream: bool) -> AbstractAsyncContextManager[ClientResponse]:
        if self._session is None:
            self._session = ClientSession(self._url, timeout=ClientTimeout(total=None), trust_env=False)
        messages = [{"role": "user", "content": question}]
        return self._session.post("/v1/chat/completions", json=SMACS | {"messages": messages, "stream": stream})


class ChatOpenAIs(ByHand):
    """One `ChatOpenAI` for each model; embeddings as by hand."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.model = cache(self._model)

    async def ask(self, script: Script) -> str:
        """Send one question's requests; an empty text, since nothing is scored."""
        await self.post("embeddings", script.question)
        await asyncio.gather(*(self.chat(body) for body in script.references))
        await asyncio.gather(*(self.chat(body) for body in script.candidates))
        await self.post("embeddings", script.texts)
        return ""

    async def chat(self, body: Body) -> Any:
        """One chat completion."""
        options = {key: value for key, value in body.items() if key not in ("model", "messages", "stream")}
        return await self.model(body["model"]).agenerate([convert_to_messages(body["messages"])], **options)

    def _model(self, name: str) -> ChatOpenAI:
        key = SecretStr("none")
        return ChatOpenAI(base_url=str(self.http.base_url), api_key=key, model=name, http_async_client=self.http)
