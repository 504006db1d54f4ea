"""One LLM of the pool: a call that returns a reply or a failure record, within limit and deadline."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from smacs.pool.clients import async_http, sync_http
from smacs.pool.config import LLMSpec
from smacs.pool.errors import PoolError
from smacs.pool.generate import call_options, generate, reply_of
from smacs.pool.limits import Limiter
from smacs.pool.prompts import Message, led_by
from smacs.pool.replica import Replica
from smacs.pool.replicas import Replicas
from smacs.pool.replies import Failure, Reply
from smacs.pool.spans import chat_span, tell

if TYPE_CHECKING:
    from smacs.pool.chat import FastChatOpenAI

Watcher = Callable[[Reply | Failure], None]


class LLM:
    """An LLM behind one OpenAI-compatible endpoint, or several that serve the same (see `smacs.pool.replicas`).

    `endpoints` is empty for an LLM that is launched on this machine until it is known to be up: `Pool.running` sets
    it, or a call finds the servers that `smacs models up` has started. Each of `watchers` is told how every call ended.
    """

    def __init__(self, name: str, spec: LLMSpec, limiter: Limiter | None = None) -> None:
        self.name = name
        self.spec = spec
        self.limiter = limiter or Limiter(spec.in_flight)
        self.watchers: list[Watcher] = []
        self._endpoints: tuple[str, ...] = ()
        self._replicas = Replicas((), self.limiter, spec.in_flight, spec.retries)
        self.endpoints = spec.urls

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Base URLs of its servers."""
        return self._endpoints

    @endpoints.setter
    def endpoints(self, urls: tuple[str, ...]) -> None:
        if urls == self._endpoints:
            return  # its connections stay
        self._endpoints = urls
        replicas = [Replica(url, self._make_chat) for url in urls]
        self._replicas = Replicas(replicas, self.limiter, self.spec.in_flight, self.spec.retries)

    @property
    def endpoint(self) -> str | None:
        """Base URL of its server, the first one of several."""
        return self._endpoints[0] if self._endpoints else None

    @endpoint.setter
    def endpoint(self, url: str | None) -> None:
        self.endpoints = (url,) if url else ()

    @property
    def _not_up(self) -> str:
        return f"{self.name} is not up; start it with `smacs models up`"

    @property
    def window(self) -> int:
        """Context window in tokens, prompt and reply together."""
        return self.spec.context

    def chat(self) -> "FastChatOpenAI":
        """The LangChain chat model of this LLM, for the running event loop; of several replicas, the idlest one's.

        Raises PoolError while it is not up.
        """
        if not self._endpoints:
            raise PoolError(self._not_up)
        return self._replicas.idlest().chat()

    async def locate(self) -> str | None:
        """Its endpoint; for an LLM that is launched on this machine, where `smacs models up` has started it."""
        if not self._endpoints:
            self.endpoints = await asyncio.to_thread(_locate, self.name)
        return self.endpoint

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._replicas.aclose()

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
        messages = led_by(self.spec.system, messages)
        options = call_options(self.spec, messages, n=n, logprobs=logprobs, seed=seed, sampling=sampling)
        with chat_span(self.name, self.spec, messages, options) as span:
            result = await self._ask(messages, options, timeout)
            tell(span, result)
        self._watch(result)
        return result

    async def _ask(
        self, messages: Sequence[Message], options: Mapping[str, Any], timeout: float | None
    ) -> Reply | Failure:
        start = time.monotonic()
        if await self.locate() is None:
            return Failure(self.name, "unreachable", self._not_up, 0.0)
        replicas = self._replicas
        limit = self.spec.deadline if timeout is None else min(self.spec.deadline, timeout)
        ask = partial(generate, name=self.name, messages=messages, options=options)
        try:
            async with asyncio.timeout(limit), self.limiter.slot():
                generations, usage = await replicas.call(messages, ask)
        except asyncio.CancelledError:
            self._watch(Failure(self.name, "cancelled", "given up by its caller", time.monotonic() - start))
            raise
        except Exception as error:
            return self._failure(error, time.monotonic() - start)
        return reply_of(self.name, self.spec, generations, usage, time.monotonic() - start)

    def _watch(self, result: Reply | Failure) -> None:
        for watcher in self.watchers:
            watcher(result)

    def _failure(self, error: Exception, seconds: float) -> Failure:
        from smacs.pool.failures import failure_of

        failure = failure_of(
            error,
            llm=self.name,
            endpoint=", ".join(self._endpoints),
            seconds=seconds,
            key_env=self.spec.api_key_env,
        )
        if failure.kind == "unreachable" and not self.spec.urls:
            self.endpoints = ()  # it may come up again at another port
        return failure

    def _make_chat(self, url: str) -> "FastChatOpenAI":
        from smacs.pool.chat import FastChatOpenAI
        from smacs.pool.transport import new_session

        return FastChatOpenAI(
            base_url=url,
            api_key=SecretStr(api_key(self.spec.api_key_env, f"LLM {self.name!r}")),
            model=self.spec.model or self.name,
            max_retries=self.spec.retries if len(self._endpoints) == 1 else 0,
            extra_body=self.spec.extra_body or None,
            use_responses_api=False,
            disable_streaming=True,  # inside the graph: whole replies, so that `n` and the fast path hold
            http_client=sync_http(),
            http_async_client=async_http(),
            session=new_session(self.spec.in_flight, url),
            owner=self,
            most_bytes=int(self.spec.reply_limit * (1 << 20)),
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


def _locate(name: str) -> tuple[str, ...]:
    from smacs.pool.servers import endpoints_of

    return endpoints_of(name)
