"""`python -m tools.speed`: measure, print the figures with their targets, write them to a file."""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from tools.speed import (
    busy,
    evaluation,
    grading,
    importing,
    latency,
    opening,
    reporting,
    retrieval,
    serving,
    startup,
    throughput,
)
from tools.speed.figure import Figure, machine, table

MEASUREMENTS = {
    "startup": startup.measure,
    "retrieval": retrieval.measure,
    "latency": latency.measure,
    "throughput": throughput.measure,
    "serving": serving.measure,
    "evaluation": evaluation.measure,
    "busy": busy.measure,
    "opening": opening.measure,
    "importing": importing.measure,
    "grading": grading.measure,
    "reporting": reporting.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for; 1 when a target is missed and `--strict` is given, else 0."""
    parser = argparse.ArgumentParser("python -m tools.speed", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="may come several times")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed")
    given = parser.parse_args(arguments)
    facts = machine()
    console, figures = Console(), list[Figure]()
    for name in given.only or MEASUREMENTS:
        with console.status(f"measuring {name}"):
            figures += MEASUREMENTS[name]()
    console.print(table(figures, title="What SMACS costs"))
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": facts, "figures": figures})))
    return int(given.strict and any(figure.missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
