"""One LLM of the pool: a call that returns a reply or a failure record, within limit and deadline."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from smacs.pool.clients import PerLoop, async_http, sync_http
from smacs.pool.config import LLMSpec
from smacs.pool.errors import PoolError
from smacs.pool.generate import call_options, generate, reply_of
from smacs.pool.limits import Limiter
from smacs.pool.prompts import Message
from smacs.pool.replies import Failure, Reply

if TYPE_CHECKING:
    from smacs.pool.chat import FastChatOpenAI


class LLM:
    """An LLM behind an OpenAI-compatible endpoint.

    `endpoint` is None for an LLM that is launched on this machine until it is known to be up: `Pool.running` sets
    it, or a call finds the server that `smacs models up` has started.
    """

    def __init__(self, name: str, spec: LLMSpec, limiter: Limiter | None = None) -> None:
        self.name = name
        self.spec = spec
        self.limiter = limiter or Limiter(spec.in_flight)
        self._endpoint = spec.endpoint
        self._chats = PerLoop(self._make_chat, _close_chat)

    @property
    def endpoint(self) -> str | None:
        """Base URL of its server."""
        return self._endpoint

    @endpoint.setter
    def endpoint(self, url: str | None) -> None:
        if url != self._endpoint:
            self._endpoint = url
            self._chats = PerLoop(self._make_chat, _close_chat)

    @property
    def window(self) -> int:
        """Context window in tokens, prompt and reply together."""
        return self.spec.context

    def chat(self) -> "FastChatOpenAI":
        """The LangChain chat model of this LLM, for the running event loop."""
        return self._chats.get()

    async def locate(self) -> str | None:
        """Its endpoint; for an LLM that is launched on this machine, where `smacs models up` has started it."""
        if self._endpoint is None:
            self.endpoint = await asyncio.to_thread(_locate, self.name)
        return self._endpoint

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._chats.aclose()

    async def call(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        logprobs: bool = False,
        seed: int | None = None,
        timeout: float | None = None,
        sampling: Mapping[str, Any] | None = None,
    ) -> Reply | Failure:
        """Ask once for `n` completions; never raises but on cancellation.

        `timeout` (seconds) shortens the LLM's own deadline; waiting for a free slot counts. `sampling`
        (temperature, max_tokens, ...) is what holds where the pool file says nothing for this LLM. With `logprobs`
        each choice carries (sum, count).
        """
        start = time.monotonic()
        if await self.locate() is None:
            return Failure(self.name, "unreachable", f"{self.name} is not up; start it with `smacs models up`", 0.0)
        limit = self.spec.deadline if timeout is None else min(self.spec.deadline, timeout)
        options = call_options(self.spec, messages, n=n, logprobs=logprobs, seed=seed, sampling=sampling)
        try:
            async with asyncio.timeout(limit), self.limiter.slot():
                generations, usage = await generate(self.chat(), self.name, messages, options)
        except Exception as error:
            return self._failure(error, time.monotonic() - start)
        return reply_of(self.name, self.spec, generations, usage, time.monotonic() - start)

    def _failure(self, error: Exception, seconds: float) -> Failure:
        from smacs.pool.failures import failure_of

        failure = failure_of(
            error,
            llm=self.name,
            endpoint=self._endpoint or "",
            seconds=seconds,
            key_env=self.spec.api_key_env,
        )
        if failure.kind == "unreachable" and self.spec.endpoint is None:
            self.endpoint = None  # it may come up again at another port
        return failure

    def _make_chat(self) -> "FastChatOpenAI":
        from smacs.pool.chat import FastChatOpenAI
        from smacs.pool.transport import new_session

        return FastChatOpenAI(
            base_url=self._endpoint,
            api_key=SecretStr(api_key(self.spec.api_key_env, f"LLM {self.name!r}")),
            model=self.spec.model or self.name,
            max_retries=self.spec.retries,
            extra_body=self.spec.extra_body or None,
            use_responses_api=False,
            disable_streaming=True,  # inside the graph: whole replies, so that `n` and the fast path hold
            http_client=sync_http(),
            http_async_client=async_http(),
            session=new_session(self.spec.in_flight, self._endpoint or ""),
            timeout=None,
        )


def api_key(variable: str | None, owner: str) -> str:
    """The key in an environment variable; "none" where the pool file names no variable.

    Raises PoolError when it names one that is not set.
    """
    if variable is None:
        return "none"
    key = os.environ.get(variable)
    if not key:
        raise PoolError(f"{owner} expects its key in the environment variable {variable}, which is not set.")
    return key


def _locate(name: str) -> str | None:
    from smacs.pool.servers import endpoint_of

    return endpoint_of(name)


async def _close_chat(chat: "FastChatOpenAI") -> None:
    await chat.session.close()
    await chat.root_async_client.close()
