"""`python -m tools.reliability`: kill -9 at random moments; what was lost by it, as a table and a file.

Each operation runs in a process of its own against a mock endpoint, is killed, looked at and started again. The exit
code is 1 where anything was lost, duplicated, unopenable, asked again or left running.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tools.mock.process import MockServer
from tools.reliability import material
from tools.reliability.damage import KINDS, PHASES, Tally
from tools.reliability.operations import Evaluate, Import, Index, Reembed
from tools.reliability.process import Trial
from tools.speed.figure import machine

OPERATIONS = {operation.name: operation for operation in (Evaluate, Index, Import, Reembed)}
USUAL = (Evaluate.name, Index.name, Import.name)


def main(arguments: list[str] | None = None) -> int:
    """Kill as often as asked; 1 where there was any damage, else 0."""
    parser = argparse.ArgumentParser("python -m tools.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of each operation")
    parser.add_argument("--only", action="append", choices=list(OPERATIONS), help="may come several times")
    parser.add_argument("--seed", type=int, default=0, help="decides the moments, as far as the machine does not")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    given = parser.parse_args(arguments)
    console, tallies = Console(), list[Tally]()
    with MockServer(dimension=material.DIMENSION) as mock:
        for name in given.only or USUAL:
            tallies.append(killed(name, given.kills, given.seed, mock, console))
    console.print(table(tallies))
    for tally in tallies:
        for damage in tally.damages:
            console.print(f"{tally.operation}: {damage.kind}: {damage.where}", markup=False, highlight=False)
    if given.json:
        report = {"machine": machine(), "seed": given.seed, "operations": [figures(tally) for tally in tallies]}
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return int(any(tally.damages for tally in tallies))


def killed(name: str, kills: int, seed: int, mock: MockServer, console: Console) -> Tally:
    """One operation."""
    with tempfile.TemporaryDirectory(prefix="smacs-kills-") as folder, console.status(name) as status:
        trial = Trial(OPERATIONS[name](mock), Path(folder), random.Random(f"{seed} {name}"))
        return trial.run(kills, lambda done: status.update(f"{name}: {done} of {kills} kills"))


def figures(tally: Tally) -> dict[str, object]:
    """A tally with its sums."""
    return {**msgspec.to_builtins(tally), **{kind.replace(" ", "_"): tally.count(kind) for kind in KINDS}}


def table(tallies: list[Tally]) -> Table:
    """One column for each operation."""
    shown = Table("", *(tally.operation for tally in tallies), title="kill -9 at random moments")
    shown.add_row("kills", *(str(sum(tally.kills.values())) for tally in tallies))
    for phase in PHASES:
        shown.add_row(f"  during {phase}", *(str(tally.kills[phase]) for tally in tallies))
    shown.add_row("  of all processes at once", *(str(tally.whole) for tally in tallies))
    shown.add_row("runs to the end", *(str(tally.runs) for tally in tallies), end_section=True)
    for kind in KINDS:
        shown.add_row(kind, *(str(tally.count(kind)) for tally in tallies))
    shown.add_row("seconds", *(f"{tally.seconds:.0f}" for tally in tallies))
    return shown


if __name__ == "__main__":
    sys.exit(main())
