"""An LLM of the pool whose replies are kept: a call asks only for samples that nobody asked for before."""

from collections.abc import Mapping, Sequence
from typing import Any

from smacs.bench.run.meter import meter
from smacs.bench.run.replies import Asked, Replies, Sample, key_of
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.prompts import Message, led_by

_TELLS = ("empty", "overflow")  # failures that say something of the LLM; the others say something of its endpoint


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
                if result.kind not in _TELLS:
                    meter().trouble.append(f"{result.kind}: {result.message}")
                return result
            await self._replies.add(_asked(key, result, wanted - have))
        return None

    def _reply(self, asked: Sequence[Asked], start: int, n: int) -> Reply | Failure:
        """Samples start..start+n-1 as one reply."""
        samples = [sample for request in asked for sample in request.samples][start : start + n]
        seconds = max(request.seconds for request in _covering(asked, start, start + n))
        choices = tuple(sample.choice for sample in samples if sample.text)
        if not choices:
            return Failure(self.name, "empty", f"{self.name}: an empty reply", seconds)
        return Reply(self.name, choices, asked[0].prompt_tokens, sum(sample.tokens for sample in samples), seconds)


def _count(asked: Sequence[Asked]) -> int:
    return sum(len(request.samples) for request in asked)


def _covering(asked: Sequence[Asked], start: int, end: int) -> list[Asked]:
    """The requests that hold samples start..end-1."""
    found, position = [], 0
    for request in asked:
        if position < end and position + len(request.samples) > start:
            found.append(request)
        position += len(request.samples)
    return found


def _asked(key: str, result: Reply | Failure, wanted: int) -> Asked:
    """The request as it is kept: choices without text are what is missing of `wanted`."""
    if isinstance(result, Failure):
        return Asked(key, meter().question, [Sample("")] * wanted, 0, result.seconds)
    share = result.completion_tokens // max(len(result.choices), 1)
    samples = [_sample(choice, share) for choice in result.choices]
    return Asked(key, meter().question, samples, result.prompt_tokens, result.seconds)


def _sample(choice: Choice, share: int) -> Sample:
    return Sample(
        text=choice.text,
        reasoning=choice.reasoning,
        finish=choice.finish,
        logprob_sum=choice.logprob_sum,
        logprob_count=choice.logprob_count,
        tokens=choice.logprob_count or share,
    )
