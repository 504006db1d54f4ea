"""One session of `smacs bench run`: check, write the run down, start servers, answer what is missing, show the figures.

A live board is on stderr while it works, the systems side by side on stdout at the end.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from smacs.bench.benchmarks import refuse_leaks
from smacs.bench.run.describe import describe
from smacs.bench.run.folder import start
from smacs.bench.run.run import Run
from smacs.bench.run.spec import parse_spec
from smacs.bench.run.systems import build
from smacs.bench.run.tally import Tally
from smacs.cli.console import Console, for_tables
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.missing import check_gradable
from smacs.store.io.lock import write_lock
from smacs.store.records import Question

MOST_AT_ONCE = 512
LOG_SECONDS = 30.0  # between two reports where stderr is no terminal
SHOWN = 5  # questions without a result that are named
PATIENT = {"deadline": 86_400.0}  # a question waits for its turn; the LLMs' own deadlines hold

Show = Callable[[Mapping[str, Tally]], None]


@dataclass(slots=True)
class Session:
    """A run that is about to start or to go on, in `folder`."""

    folder: Path
    systems: Sequence[str]
    questions: dict[str, list[Question]]
    pool: Pool
    bank: QuestionBank
    settings: dict[str, Any]
    seed: int
    prompts: Prompts = field(default_factory=Prompts.load)

    def run(self, concurrency: int | None) -> bool:
        """Answer what is missing. Returns whether nothing is left then. All that can be checked before is."""
        questions = [question for of_one in self.questions.values() for question in of_one]
        refuse_leaks(self.bank, questions)
        check_gradable(questions, self.prompts)
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_lock(self.folder), ExitStack() as stack:
            at_once = concurrency or min(sum(llm.spec.in_flight for llm in self.pool.llms.values()), MOST_AT_ONCE)
            run = Run(self.folder, self.systems, self.questions, concurrency=at_once)
            run.keep_replies(self.pool, stack)
            graphs = self._graphs()  # a spec that cannot be built is an error before the run is written down
            start(self.folder, self._info(), self.questions)
            if run.left:
                stack.enter_context(self.pool.running(self._llms(), progress=partial(typer.echo, err=True)))
                asyncio.run(self._answer(run, graphs))
        print_outcome(run)
        return run.left == 0

    def _graphs(self) -> dict[str, Any]:
        settings = {**PATIENT, **self.settings, "seed": self.seed}
        return {name: build(parse_spec(name), self.pool, self.bank, settings, self.prompts) for name in self.systems}

    def _llms(self) -> set[str]:
        """Those that have to be up."""
        return {llm for name in self.systems for llm in parse_spec(name).llms(self.pool)}

    def _info(self) -> Any:
        return describe(self.systems, self.questions, self.pool, self.bank, self.prompts, self.settings, seed=self.seed)

    async def _answer(self, run: Run, graphs: dict[str, Any]) -> None:
        try:
            with run_progress() as show:
                show(run.tallies)
                await run.run(graphs, show)
        finally:
            await self.pool.aclose()


@contextmanager
def run_progress() -> Iterator[Show]:
    """A table that keeps itself up to date, or a line now and then in a log."""
    console = Console(stderr=True, highlight=False)
    with _live(console) if console.is_terminal else _log(console) as show:
        yield show


def print_outcome(run: Run) -> None:
    """The systems side by side, and what has no result and why."""
    for_tables().print(board(run.tallies))
    errors = Console(stderr=True, highlight=False)
    trouble = [(tally.system, *item) for tally in run.tallies.values() for item in tally.trouble.items()]
    for system, question, reason in trouble[:SHOWN]:
        errors.print(escape(f"{system}, {question}: {reason}"), style="yellow", soft_wrap=True)
    if run.stopped:
        errors.print(escape(run.stopped), style="red", soft_wrap=True)
    if run.left:
        text = f"{run.left:,} answers are missing; they are no wrong answers: run the same command again to get them."
        errors.print(text, style="yellow", soft_wrap=True)


def board(tallies: Mapping[str, Tally]) -> Table:
    """A row for each system: how far, how good, what it costs a question."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("system", overflow="fold")
    for header in ("done", "% correct", "95 %", "calls\na question", "tokens\na question", "no result"):
        table.add_column(header, justify="right")
    for tally in tallies.values():
        table.add_row(escape(tally.system), f"{tally.done:,}/{tally.total:,}", *_figures(tally))
    return table


def progress_text(tallies: Mapping[str, Tally], seconds: float) -> str:
    """How many answers there are, how fast they come, and how long the rest will take."""
    done, total = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("done", "total"))
    asked = sum(tally.asked for tally in tallies.values())
    parts = [f"{done:,} of {total:,} answers"]
    if asked and seconds:
        parts.append(f"{60 * asked / seconds:,.1f}/min")
        parts.append(f"{timedelta(seconds=round((total - done) * seconds / asked))} left")
    return ", ".join(parts)


def _figures(tally: Tally) -> list[str]:
    if tally.interval is None:
        return ["-", "-", "-", "-", str(len(tally.trouble))]
    low, high = tally.interval
    return [
        f"{100 * tally.correct / tally.done:.1f}",
        f"{100 * low:.0f} - {100 * high:.0f}",
        f"{tally.calls / tally.done:.1f}",
        f"{tally.tokens / tally.done:,.0f}",
        str(len(tally.trouble)),
    ]


@contextmanager
def _live(console: Console) -> Iterator[Show]:
    start = time.monotonic()
    with Live(console=console, refresh_per_second=4) as live:

        def show(tallies: Mapping[str, Tally]) -> None:
            table = board(tallies)
            table.caption = progress_text(tallies, time.monotonic() - start)
            live.update(table)

        yield show


@contextmanager
def _log(console: Console) -> Iterator[Show]:
    start = said = time.monotonic()

    def show(tallies: Mapping[str, Tally]) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= LOG_SECONDS:
            said = now
            console.print(progress_text(tallies, now - start), soft_wrap=True)

    yield show
