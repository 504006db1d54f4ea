"""`/health`: the process lives. `/health/ready`: it can answer questions. Both without a key, and so without names."""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Response

from smacs import __version__
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replica import answers
from smacs.server.engine import Engine

FRESH = 5.0  # seconds for which a look at the pool is valid


@dataclass(frozen=True, slots=True)
class PoolState:
    """What a look at the pool and the bank has found."""

    bank: bool
    llms: int
    llms_up: int
    aggregators_up: int

    @property
    def ready(self) -> bool:
        """Whether a question would be answered."""
        return self.bank and self.aggregators_up > 0


class Readiness:
    """Looks at pool and bank when asked, at most every few seconds, and once for all who ask in the meantime."""

    def __init__(self, engine: Engine, *, fresh: float = FRESH) -> None:
        self._engine = engine
        self._fresh = fresh
        self._looked = float("-inf")
        self._state: PoolState
        self._lock = asyncio.Lock()

    async def state(self) -> PoolState:
        """The state, a few seconds old at most."""
        async with self._lock:
            if time.monotonic() - self._looked >= self._fresh:
                self._state = await self._look()
                self._looked = time.monotonic()
            return self._state

    async def _look(self) -> PoolState:
        pool = self._engine.pool
        bank, *up = await asyncio.gather(
            asyncio.to_thread(self._engine.bank.questions_file.is_file), *map(_is_up, pool.llms.values())
        )
        names = {name for name, there in zip(pool.llms, up, strict=True) if there}
        return PoolState(bank, len(pool.llms), len(names), len(names & set(pool.file.aggregators)))


def install(app: FastAPI, engine: Engine) -> None:
    """Add both paths."""
    router, started = APIRouter(tags=["health"]), time.monotonic()
    readiness = Readiness(engine)

    @router.get("/health", summary="Whether the process lives")
    async def health() -> dict[str, Any]:
        uptime = round(time.monotonic() - started, 3)
        return {"status": "ok", "version": __version__, "uptime": uptime}

    @router.get("/health/ready", summary="Whether questions can be answered", responses={503: {}})
    async def ready(response: Response) -> dict[str, Any]:
        state = await readiness.state()
        draining = app.state.drain.draining
        if draining or not state.ready:
            response.status_code = 503
            response.headers["Retry-After"] = str(app.state.settings.retry_after)
        word = "draining" if draining else "ready" if state.ready else "not ready"
        return {"status": word, **asdict(state)}

    app.include_router(router)


async def _is_up(llm: LLM) -> bool:
    await llm.locate()
    return any(await asyncio.gather(*map(answers, llm.endpoints)))
