"""One LLM of the pool: a call that returns a reply or a failure record, within limit and deadline."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from smacs.errors import PoolError
from smacs.pool.calls.connections import async_http, new_session, sync_http
from smacs.pool.calls.dialect import Dialect
from smacs.pool.calls.failures import failure_of
from smacs.pool.calls.generation import call_options, generate, reply_of
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.replicas import Replica, Replicas
from smacs.pool.calls.replies import Failure, Reply, Unfinished
from smacs.pool.calls.spans import chat_span, record_result
from smacs.pool.calls.urls import address_of, shown
from smacs.pool.calls.window import estimate_prompt, served_window
from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Message, led_by
from smacs.visible import one_line

if TYPE_CHECKING:
    from smacs.pool.calls.chat import FastChatOpenAI

log = logging.getLogger(__name__)
LOOKS = 3  # how often a server that does not say its window is asked for it

Watcher = Callable[[Reply | Failure], None]


class LLM:
    """An LLM behind one OpenAI-compatible endpoint, or several that serve the same (see `smacs.pool.calls.replicas`).

    `endpoints` is empty for an LLM that is launched on this machine until it is known to be up: `Pool.running` sets
    it, or a call finds the servers that `smacs models up` has started. Each of `watchers` is told how every call ended.
    A `discreet` one tells its callers `Failure.public`.
    """

    def __init__(self, name: str, spec: LLMSpec, limiter: Limiter | None = None) -> None:
        self.name = name
        self.spec = spec
        self.limiter = limiter or Limiter(spec.in_flight)
        self.watchers: list[Watcher] = []
        self.discreet = False
        self.dialect = Dialect(name, spec)
        self._located = False  # the endpoints were found by `locate`, nobody named them
        self._look: asyncio.Task[None] | None = None
        self._looks = 0
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
        self._located, self._looks = False, 0
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
    def where(self) -> str:
        """Its endpoints, without secrets."""
        return shown(", ".join(self._endpoints))

    @property
    def _not_up(self) -> str:
        return f"{self.name} is not up; start it with `smacs models up`"

    @property
    def window(self) -> int:
        """Context window in tokens, prompt and reply together."""
        return self.dialect.window

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
            self._located = True
        return self.endpoint

    async def ready(self) -> None:
        """Find out where it is, and how long its window is if the pool file does not say so and its servers do."""
        if await self.locate() is None or not self.dialect.wants_window or self._looks >= LOOKS:
            return
        if self._look is None or self._look.done() or self._look.get_loop() is not asyncio.get_running_loop():
            self._looks += 1
            self._look = asyncio.create_task(self._read_window())
        await asyncio.shield(self._look)

    async def _read_window(self) -> None:
        try:
            chat = self.chat()
        except PoolError:
            return  # its key is not set, or its proxy cannot be used: the call says so
        window = await served_window(chat.session, chat.address, chat.headers, self.spec.model or self.name)
        if window is not None:
            self.dialect.take_window(window)

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
        """Ask once for `n` completions; raises nothing except on cancellation.

        `timeout` (seconds) shortens the LLM's own deadline; waiting for a free slot counts. `sampling`
        (temperature, max_tokens, ...) is what holds where the pool file says nothing for this LLM. With `logprobs`
        each choice carries (sum, count).
        """
        messages = led_by(self.spec.system, messages)
        options = call_options(self.spec, n=n, logprobs=logprobs, seed=seed, sampling=sampling)
        with chat_span(self.name, self.spec, messages, options) as span:
            result = await self._ask(messages, options, timeout)
            record_result(span, result)
        self._watch(result)
        return self._public(result)

    async def _ask(
        self, messages: Sequence[Message], options: Mapping[str, Any], timeout: float | None
    ) -> Reply | Failure:
        """The reply; made of `n` calls where its servers do not accept `n`."""
        start = time.monotonic()
        limit = self.spec.deadline if timeout is None else min(self.spec.deadline, timeout)
        n = options.get("n", 1)
        first = [] if self.dialect.single and n > 1 else [await self._ask_once(messages, options, limit)]
        if first and (n == 1 or not self.dialect.single or isinstance(first[0], Failure)):
            return self._with_news(first[0])
        left = max(limit - (time.monotonic() - start), 0.0)
        singly = [_one_of(options, number) for number in range(len(first), n)]
        more = await asyncio.gather(*(self._ask_once(messages, each, left) for each in singly))
        return self._with_news(_together([*first, *more], time.monotonic() - start))

    async def _ask_once(self, messages: Sequence[Message], options: Mapping[str, Any], limit: float) -> Reply | Failure:
        start = time.monotonic()
        sent: float | None = None
        try:
            async with asyncio.timeout(limit):
                if await self.locate() is None:
                    return Failure(self.name, "unreachable", self._not_up, 0.0)
                if "max_tokens" in options:
                    await self.ready()
                replicas = self._replicas
                ask = partial(generate, name=self.name, messages=messages, options=options)
                async with self.limiter.slot():
                    sent = time.monotonic()
                    generations, usage = await replicas.call(messages, ask)
        except asyncio.CancelledError:
            given_up = Failure(self.name, "cancelled", "given up by its caller", time.monotonic() - start)
            self._watch(replace(given_up, unfinished=_unfinished(messages, options, self.window, sent)))
            raise
        except Exception as error:
            failure = await self._failure(error, time.monotonic() - start)
            late = failure.kind == "late"
            return replace(failure, unfinished=_unfinished(messages, options, self.window, sent)) if late else failure
        return reply_of(self.name, self.spec, generations, usage, time.monotonic() - start)

    def _public(self, result: Reply | Failure) -> Reply | Failure:
        """What the caller may read: details of a discreet LLM's failures and refusals go to the log only."""
        if not self.discreet:
            return result
        if isinstance(result, Reply):
            return replace(result, learned=())
        if result.message == self._not_up:  # our own words, and the remedy
            return result
        key = os.environ.get(self.spec.api_key_env or "")
        said = result.message.replace(key, "***") if key else result.message
        log.warning("%s: %s", result.kind, one_line(said))
        return result.public

    def _with_news(self, result: Reply | Failure) -> Reply | Failure:
        """The result, with what has just been learned about its servers."""
        if not self.dialect.news or isinstance(result, Failure):
            return result
        return replace(result, learned=self.dialect.take_news())

    def _watch(self, result: Reply | Failure) -> None:
        for watcher in self.watchers:
            watcher(result)

    async def _failure(self, error: Exception, seconds: float) -> Failure:
        failure = failure_of(
            error,
            llm=self.name,
            endpoint=self.where,
            seconds=seconds,
            key_env=self.spec.api_key_env,
        )
        if failure.kind == "unreachable" and not self.spec.urls:
            await self._look_elsewhere()
        return failure

    async def _look_elsewhere(self) -> None:
        """A launched LLM may come up again at another port; the servers that `Pool.running` named stay meanwhile."""
        found = await asyncio.to_thread(_locate, self.name)
        if found or self._located:
            self.endpoints = found
            self._located = True

    def _make_chat(self, url: str) -> "FastChatOpenAI":
        from smacs.pool.calls.chat import FastChatOpenAI  # loads langchain_openai

        address = address_of(url)
        return FastChatOpenAI(
            base_url=address.base,
            api_key=SecretStr(api_key(self.spec.api_key_env, f"LLM {self.name!r}")),
            model=self.spec.model or self.name,
            max_retries=self.spec.retries if len(self._endpoints) == 1 else 0,
            extra_body=self.spec.extra_body or None,
            use_responses_api=False,
            disable_streaming=True,  # inside the graph: whole replies, so that `n` and the fast path hold
            http_client=sync_http(address),
            http_async_client=async_http(address),
            http_socket_options=(),  # the clients are ours: no warning about proxies that theirs would miss
            session=new_session(self.spec.in_flight, url),
            address=address,
            dialect=self.dialect,
            owner=self,
            most_bytes=int(self.spec.reply_limit * (1 << 20)),
            timeout=None,
        )


def _unfinished(
    messages: Sequence[Message], options: Mapping[str, Any], window: int, sent: float | None
) -> Unfinished | None:
    """What a call that was given up may have cost; nothing where it was never sent."""
    if sent is None:
        return None
    most = options.get("max_tokens") or window
    return Unfinished(estimate_prompt(messages), options.get("n", 1), most, time.monotonic() - sent)


def api_key(variable: str | None, owner: str) -> str:
    """The key in an environment variable; "none" if the pool file names no variable.

    Raises PoolError when it names one that is not set.
    """
    if variable is None:
        return "none"
    key = os.environ.get(variable)
    if not key:
        raise PoolError(f"{owner} expects its key in the environment variable {variable}, which is not set.")
    return key


def _one_of(options: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The options of one of several single calls, each with its own seed."""
    single = {name: value for name, value in options.items() if name != "n"}
    return single | ({"seed": (options["seed"] + number) % 2**31} if "seed" in options else {})


def _together(results: Sequence[Reply | Failure], seconds: float) -> Reply | Failure:
    """Several replies as one; the first failure where there is none."""
    replies = [result for result in results if isinstance(result, Reply)]
    if not replies:
        return results[0]
    return Reply(
        replies[0].llm,
        tuple(choice for reply in replies for choice in reply.choices),
        sum(reply.prompt_tokens for reply in replies),
        sum(reply.completion_tokens for reply in replies),
        seconds,
        tuple(dict.fromkeys(note for reply in replies for note in reply.notes)),
    )


def _locate(name: str) -> tuple[str, ...]:
    from smacs.pool.launch.servers import endpoints_of  # only LLMs of this machine need psutil and the like

    return endpoints_of(name)
