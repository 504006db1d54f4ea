"""The test in order: how much the server can take, twice as much, faults, well again, and what is left open."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.served import ServedSmacs
from tools.soak import setting
from tools.soak.faults import Clinic, Spell
from tools.soak.load import ANSWERS, Ending, Load, wishes
from tools.soak.vitals import Rest, at_rest, memory

GIVE_UP = setting.REQUEST + 30.0  # seconds after which a client takes it that no reply will come
WARM_UP = 0.3  # share of the calibration that does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Seconds of each part, and the faults; the load holds in `calm`, `ill` and `after`."""

    calibration: float
    calm: float
    ill: float
    after: float
    spells: Sequence[Spell]
    seed: int = 0
    times: float = 2.0

    @property
    def seconds(self) -> float:
        """How long the load holds."""
        return self.calm + self.ill + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen. `capacity` and `offered` in requests/s; times on the clock of `outcomes`.

    `well` is when the last fault was over.
    """

    plan: Schedule
    capacity: float
    offered: float
    began: float
    well: float
    outcomes: Sequence[Ending]
    memory: Sequence[tuple[float, int]]
    before: Rest
    after: Rest
    errors: Sequence[str]


def soak(plan: Schedule, say: Callable[[str], None]) -> Seen:
    """Do all of it, on 127.0.0.1 alone. `say` is told what is going on."""
    with tempfile.TemporaryDirectory(prefix="smacs-soak-") as name, Clinic(setting.ENDPOINTS) as clinic:
        folder = Path(name)
        keys = setting.furnish(folder, [endpoint.url for endpoint in clinic.endpoints])
        with ServedSmacs(folder, **setting.environment(folder)) as server:
            load = Load(server.url, keys, wishes(plan.seed), GIVE_UP)
            seen = asyncio.run(_soak(plan, clinic, server, load, keys["large"], say))
    return seen


async def _soak(
    plan: Schedule, clinic: Clinic, server: ServedSmacs, load: Load, key: str, say: Callable[[str], None]
) -> Seen:
    say(f"finding out what it can take, {plan.calibration:.0f} s")
    capacity = rate(await load.closed(setting.RUNNING, plan.calibration), plan.calibration)
    await asyncio.to_thread(clinic.renew)
    before = await asyncio.to_thread(at_rest, server, key)
    loop, samples = asyncio.get_running_loop(), list[tuple[float, int]]()
    offered, began = plan.times * capacity, loop.time()
    say(f"offering {offered:.1f} requests a second, {plan.times:g} times that, for {plan.seconds:.0f} s")
    watch = asyncio.create_task(memory(server.seen, samples))
    asking = asyncio.create_task(load.offer(offered, plan.seconds))
    await asyncio.sleep(plan.calm)
    await clinic.suffer(plan.spells)
    well = loop.time()
    await asking
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    say("looking what is left open")
    await asyncio.to_thread(clinic.renew)
    after = await asyncio.to_thread(at_rest, server, key)
    return Seen(
        plan=plan,
        capacity=capacity,
        offered=offered,
        began=began,
        well=well,
        outcomes=load.outcomes,
        memory=samples,
        before=before,
        after=after,
        errors=errors_in(server.log.read_text()),
    )


def rate(outcomes: Sequence[Ending], seconds: float) -> float:
    """Answers a second, without the first part, in which connections are opened. Raises RuntimeError for none."""
    start = min(outcome.start for outcome in outcomes) + WARM_UP * seconds
    answers = [outcome for outcome in outcomes if outcome.kind in ANSWERS and outcome.end >= start]
    if not answers:
        raise RuntimeError(f"no answers without faults: {sorted({outcome.kind for outcome in outcomes})}")
    return len(answers) / (max(outcome.end for outcome in answers) - start)


def errors_in(log: str) -> list[str]:
    """Lines of the server's log that tell of an error of its own."""
    return [line for line in log.splitlines() if '"level": "error"' in line or '"level": "critical"' in line]
