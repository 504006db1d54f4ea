"""The soak test in short: `make soak` for some seconds, with each fault once; what holds on a machine of any speed."""

import pytest

from tools.soak.faults import KINDS, Spell
from tools.soak.load import ANSWERS, CLEAN
from tools.soak.run import Schedule, soak
from tools.soak.setting import EMBEDS, REQUEST
from tools.soak.verdict import by_minute, verdict

SECONDS = 1.5  # of a fault


@pytest.mark.slow
def test_every_fault_once_under_twice_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the first three endpoints has three kinds of faults, the embedder two; two of five LLMs stay well."""
    for name, seconds in [("setting.QUESTION", 60.0), ("setting.REQUEST", 200.0), ("run.GIVE_UP", 300.0)]:
        monkeypatch.setattr(f"tools.soak.{name}", seconds)  # a slow machine is no fault
    spells = [Spell(number % 3, kind, 2 * SECONDS * (number // 3), SECONDS) for number, kind in enumerate(KINDS)]
    spells += [Spell(EMBEDS, "hang", 0.0, SECONDS), Spell(EMBEDS, "garbage", 2 * SECONDS, SECONDS)]
    seen = soak(Schedule(calibration=4, calm=3, ill=6 * SECONDS, after=5, spells=spells), print)
    kinds = {outcome.kind for outcome in seen.outcomes}
    assert kinds <= set(CLEAN)
    assert kinds & set(ANSWERS)
    assert len(seen.outcomes) == int(seen.offered * seen.plan.seconds)  # each request has an end
    assert seen.errors == []
    assert (seen.before.connections, seen.before.requests) == (0, 0)
    assert (seen.after.connections, seen.after.requests) == (0, 0)
    assert seen.after.descriptors <= seen.before.descriptors
    of_speed = {"throughput is back after", f"slowest reply, deadline {REQUEST:g} s"}
    assert {figure.name for figure in verdict(seen) if figure.missed} <= of_speed
    assert len(by_minute(seen)) == 1
