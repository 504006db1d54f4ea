"""LLMs of the pool whose replies are kept for good: what one system asked, no other system asks again.

The samples of a prompt are numbered. Who wants three gets the samples 0, 1 and 2; who wants one gets sample 0, the
first of the same three. A sample without text is kept as well: it was asked, and it is what the LLM says.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from smacs.bench.run.meter import meter
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.prompts import Message, led_by
from smacs.store.io.appender import Appender
from smacs.store.io.jsonl import JsonlWriter, read_jsonl

_LLM_FAILURES = (
    "empty",
    "overflow",
)  # failures that say something of the LLM; the others say something of its endpoint


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One completion; `tokens` are its own, thinking included."""

    text: str
    reasoning: str = ""
    finish: str = "stop"
    logprob_sum: float | None = None
    logprob_count: int = 0
    tokens: int = 0

    @property
    def choice(self) -> Choice:
        """As the pool's LLMs return it."""
        return Choice(self.text, self.reasoning, self.finish, self.logprob_sum, self.logprob_count)


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and what came: `samples` follow those that the prompt had before. `question` asked first."""

    key: str
    question: str
    samples: list[Sample]
    prompt_tokens: int
    seconds: float


def key_of(*parts: Any) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:32]


class Replies:
    """The requests of one LLM, in memory and in `<folder>/<llm>.jsonl`; `room` has to be entered to write."""

    def __init__(self, folder: Path, llm: str) -> None:
        self.path = folder / f"{quote(llm, safe='')}.jsonl"
        self._known: dict[str, list[Request]] = defaultdict(list)
        for asked in read_jsonl(self.path, Request):
            self._known[asked.key].append(asked)
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = ExitStack()
        self._appender: Appender[Request] | None = None

    def lock(self, key: str) -> asyncio.Lock:
        """Held while a prompt is asked, so that nobody asks it at the same time."""
        return self._locks[key]

    def of(self, key: str) -> list[Request]:
        """The requests of a prompt so far, in order."""
        return self._known.get(key, [])

    async def add(self, asked: Request) -> None:
        """Keep a request; it is on the disk when this returns. Raises BankError where it cannot be written."""
        if self._appender is None:
            self._appender = Appender(self._stack.enter_context(JsonlWriter(self.path, Request)))
        self._known[asked.key].append(asked)
        await self._appender.save(asked)

    def close(self) -> None:
        """Write what is waiting and close the file."""
        if self._appender is not None:
            self._appender.close()
            self._appender = None
        self._stack.close()


class CachedLLM(LLM):
    """Stands for an LLM of a pool. Waiting for a free slot takes nothing from a call's deadline: a run measures the
    systems, not the queue that it makes itself."""

    def __init__(self, llm: LLM, replies: Replies) -> None:
        super().__init__(llm.name, llm.spec, llm.limiter)
        self.endpoints = llm.endpoints
        self.dialect = llm.dialect
        self._replies = replies
        self._queue = Limiter(llm.limiter.limit)

    async def call(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        logprobs: bool = False,
        seed: int | None = None,
        timeout: float | None = None,  # noqa: ARG002  the LLM's own deadline holds
        sampling: Mapping[str, Any] | None = None,
    ) -> Reply | Failure:
        """As `LLM.call`, from the replies kept where they are enough."""
        options = {**(sampling or {}), **self.spec.sampling.model_dump(exclude_none=True)}
        sent = led_by(self.spec.system, messages)
        key = key_of(self.name, self.spec.model, sent, options, self.spec.extra_body, logprobs)
        start = meter().take(key, n)
        async with self._replies.lock(key):
            failure = await self._complete(key, messages, start + n, logprobs, seed, sampling)
        asked = self._replies.of(key)
        reply = failure if failure and _count(asked) <= start else self._reply(asked, start, n)
        meter().spend(reply.seconds)
        return reply

    async def _complete(
        self,
        key: str,
        messages: Sequence[Message],
        wanted: int,
        logprobs: bool,
        seed: int | None,
        sampling: Mapping[str, Any] | None,
    ) -> Failure | None:
        """Ask until there are `wanted` samples, some servers send fewer than asked for; the failure where none came."""
        while (have := _count(self._replies.of(key))) < wanted:
            async with self._queue.slot():
                result = await super().call(
                    messages,
                    n=wanted - have,
                    logprobs=logprobs,
                    seed=None if seed is None else (seed + have) % 2**31,
                    sampling=sampling,
                )
            if isinstance(result, Failure) and result.kind != "empty":
                if result.kind not in _LLM_FAILURES:
                    meter().trouble.append(f"{result.kind}: {result.message}")
                return result
            await self._replies.add(_asked(key, result, wanted - have))
        return None

    def _reply(self, asked: Sequence[Request], start: int, n: int) -> Reply | Failure:
        """Samples start..start+n-1 as one reply."""
        samples = [sample for request in asked for sample in request.samples][start : start + n]
        seconds = max(request.seconds for request in _covering(asked, start, start + n))
        choices = tuple(sample.choice for sample in samples if sample.text)
        if not choices:
            return Failure(self.name, "empty", f"{self.name}: an empty reply", seconds)
        return Reply(self.name, choices, asked[0].prompt_tokens, sum(sample.tokens for sample in samples), seconds)


def _count(asked: Sequence[Request]) -> int:
    return sum(len(request.samples) for request in asked)


def _covering(asked: Sequence[Request], start: int, end: int) -> list[Request]:
    """The requests that hold samples start..end-1."""
    found, position = [], 0
    for request in asked:
        if position < end and position + len(request.samples) > start:
            found.append(request)
        position += len(request.samples)
    return found


def _asked(key: str, result: Reply | Failure, wanted: int) -> Request:
    """The request as it is kept: choices without text are what is missing of `wanted`."""
    if isinstance(result, Failure):
        return Request(key, meter().question, [Sample("")] * wanted, 0, result.seconds)
    share = result.completion_tokens // max(len(result.choices), 1)
    samples = [_sample(choice, share) for choice in result.choices]
    return Request(key, meter().question, samples, result.prompt_tokens, result.seconds)


def _sample(choice: Choice, share: int) -> Sample:
    return Sample(
        text=choice.text,
        reasoning=choice.reasoning,
        finish=choice.finish,
        logprob_sum=choice.logprob_sum,
        logprob_count=choice.logprob_count,
        tokens=choice.logprob_count or share,
    )
