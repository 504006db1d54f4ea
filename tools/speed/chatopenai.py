"""The same requests through LangChain's plain `ChatOpenAI`, for comparison."""

import asyncio
from functools import cache
from typing import Any

from langchain_core.messages import convert_to_messages
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tools.speed.byhand import Body, ByHand, Script


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
