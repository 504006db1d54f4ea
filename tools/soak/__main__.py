"""`python -m tools.soak`: twice the load that the server can take, with endpoints that fail at random.

Prints each target with its figure; the exit code is 1 where one is missed.
"""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from tools.soak.faults import draw
from tools.soak.run import Schedule, soak
from tools.soak.setting import ENDPOINTS
from tools.soak.verdict import by_minute, verdict
from tools.speed.figure import machine, table

CALIBRATION, AFTER = 15.0, 25.0  # seconds
CALM = 30.0  # seconds at most; a tenth of a short test


def main(arguments: list[str] | None = None) -> int:
    """Test as long as asked."""
    parser = argparse.ArgumentParser("python -m tools.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the load holds; at least one")
    parser.add_argument("--seed", type=int, default=0, help="decides the faults and the requests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    given = parser.parse_args(arguments)
    if given.minutes < 1:
        parser.error("--minutes: expected at least 1")
    plan, console = plan_of(given.minutes, given.seed), Console()
    with console.status("working"):
        seen = soak(plan, console.log)
    figures = verdict(seen)
    console.print(table(figures, title=f"{given.minutes:g} minutes, {len(plan.spells)} faults, seed {given.seed}"))
    if given.json:
        report = {"machine": machine(), "seed": given.seed, "figures": figures, "minutes": by_minute(seen)}
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(report | {"spells": plan.spells})))
    return int(any(figure.missed for figure in figures))


def plan_of(minutes: float, seed: int) -> Schedule:
    """Some time without faults, then faults, then some time without."""
    calm = min(CALM, 6 * minutes)
    ill = 60 * minutes - calm - AFTER
    spells = draw(ENDPOINTS, ill, seed)
    return Schedule(calibration=CALIBRATION, calm=calm, ill=ill, after=AFTER, spells=spells, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
