"""What `smacs bank evaluate` does in each of its four ways, and what it shows meanwhile.

Progress and failures go to stderr, estimates and results to stdout.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from smacs.cli.bank.stats import print_stats
from smacs.cli.console import Console, for_tables
from smacs.errors import InputError
from smacs.graph.settings import make_settings
from smacs.pool.calls.llm import LLM
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import (
    BatchReport,
    Estimate,
    EvaluationSummary,
    Selection,
    estimate,
    evaluate_all,
    export_batch,
    import_batch,
    plan,
)
from smacs.store.stats import bank_stats

LOG_SECONDS = 30.0  # between two lines of an LLM where stderr is no terminal
Show = Callable[[EvaluationSummary], None]


@dataclass(slots=True)
class Evaluations:
    """The LLMs `names` of a pool on a part of a bank; failed calls are also written to `failures`."""

    bank: QuestionBank
    pool: Pool
    names: list[str]
    selection: Selection
    failures: Path | None
    prompts: Prompts = field(default_factory=Prompts.load)

    @property
    def llms(self) -> list[LLM]:
        """Those that answer."""
        return [self.pool.llms[name] for name in self.names]

    @property
    def sampling(self) -> dict[str, Any]:
        """Sent with every call unless the LLM has its own."""
        return make_settings(self.pool).sampling

    def evaluate(self) -> bool:
        """Ask what is missing. Returns whether all questions have a grade then."""
        self._write_failures([])  # a file that cannot be written is an error before anything is asked
        missing = plan(self.bank, self.names, self.prompts, self.selection)
        unfinished = [name for name, work in missing.items() if len(work.rows)]
        summaries = {name: work.summary for name, work in missing.items()}
        try:
            with self.pool.running(unfinished, progress=partial(typer.echo, err=True)):
                asyncio.run(self._ask(unfinished, summaries))
        finally:
            self._write_failures(list(summaries.values()))
        self._show(list(summaries.values()), "run the same command again to ask them again.")
        return not any(summary.failures or summary.stopped for summary in summaries.values())

    def estimate(self) -> None:
        """Print what `evaluate` would ask, and what it would take."""
        found = estimate(self.bank, self.llms, self.prompts, sampling=self.sampling, selection=self.selection)
        print_estimates(found)

    def export_batch(self, path: Path) -> None:
        """Write what is missing as batch files."""
        files = export_batch(self.bank, self.llms, self.prompts, path, sampling=self.sampling, selection=self.selection)
        for file in files:
            print(f"{file.path}: {file.requests:,} requests to {file.llm}")
        if not files:
            print("Nothing is missing: no file was written.")

    def import_batch(self, files: Sequence[Path]) -> bool:
        """Read the results of a batch. Returns whether all of them could be used."""
        with import_progress() as show:
            report = import_batch(self.bank, self.llms, self.prompts, files, sampling=self.sampling, on_progress=show)
        summaries = list(report.summaries.values())
        added = sum(summary.asked for summary in summaries)
        print(f"{report.lines:,} results: {added:,} new, {report.known:,} known, {report.refused:,} not for this bank")
        if report.otherwise:
            print(
                f"{report.otherwise:,} were asked with another prompt or sampling than now; they do not say with which."
            )
        print_unusable(report)
        self._write_failures(summaries)
        self._show(summaries, "they stay missing, and the next export or evaluation has them again.")
        return not report.refused and not any(summary.failures for summary in summaries)

    async def _ask(self, names: Sequence[str], summaries: dict[str, EvaluationSummary]) -> None:
        try:
            with evaluation_progress() as bar:

                def show(summary: EvaluationSummary) -> None:
                    summaries[summary.llm] = summary
                    bar(summary)

                for name in names:
                    bar(summaries[name])
                found = await evaluate_all(
                    self.bank,
                    [self.pool.llms[name] for name in names],
                    self.prompts,
                    sampling=self.sampling,
                    selection=self.selection,
                    on_progress=show,
                )
                for summary in found:
                    show(summary)
        finally:
            await self.pool.aclose()

    def _show(self, summaries: Sequence[EvaluationSummary], again: str) -> None:
        if summaries:
            print_stats(bank_stats(self.bank, [summary.llm for summary in summaries]))
        print_without_grader(summaries)
        print_failures(summaries, again)

    def _write_failures(self, summaries: Sequence[EvaluationSummary]) -> None:
        if self.failures is None:
            return
        lines = [
            {"llm": summary.llm, **msgspec.to_builtins(failure)}
            for summary in summaries
            for failure in summary.failures
        ]
        try:
            self.failures.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        except OSError as error:
            raise InputError(f"--failures {self.failures}: {error.strerror or error}. Name another file.") from error


@contextmanager
def evaluation_progress() -> Iterator[Show]:
    """A bar for each LLM, or a line now and then in a log: how far, how good, how fast, how long it will take."""
    console = Console(stderr=True, highlight=False)
    with _bars(console) if console.is_terminal else _log(console) as show:
        yield show


@contextmanager
def import_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar that counts bytes."""
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("reading results", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def progress_text(summary: EvaluationSummary) -> str:
    """How good an LLM is so far, how fast, and how long the rest will take."""
    parts = ["nothing graded"]
    if interval := summary.interval:
        low, high = interval
        parts = [f"{100 * summary.correct / summary.done:.1f} % correct ({100 * low:.1f} - {100 * high:.1f})"]
    rate = summary.asked / summary.seconds if summary.seconds else 0.0
    parts += [f"{60 * rate:,.0f}/min", f"{summary.tokens:,} tokens"]
    if summary.failures:
        parts.append(f"{len(summary.failures):,} failed")
    waiting = summary.missing - len(summary.failures)
    if rate and waiting > 0:
        parts.append(f"{timedelta(seconds=round(waiting / rate))} left")
    return ", ".join(parts)


def print_failures(summaries: Sequence[EvaluationSummary], again: str) -> None:
    """How many questions are left without a grade and why, on stderr; `again` says what to do about it."""
    console = Console(stderr=True, highlight=False)
    for summary in summaries:
        for kind, count in Counter(failure.kind for failure in summary.failures).most_common():
            example = min((f for f in summary.failures if f.kind == kind), key=lambda failure: failure.question)
            text = f"{summary.llm}: {count:,} {kind}, such as question {example.question!r}: {example.message}"
            console.print(escape(text), style="yellow", soft_wrap=True)
        if summary.stopped:
            console.print(escape(f"{summary.llm}: {summary.stopped}"), style="red", soft_wrap=True)
    if any(summary.failures for summary in summaries):
        console.print(f"They are no wrong answers: {again}", style="yellow", soft_wrap=True)


def print_without_grader(summaries: Sequence[EvaluationSummary]) -> None:
    """How many questions were not asked because nobody could grade the answer, on stderr."""
    for summary in summaries:
        if summary.without_grader:
            count = f"{summary.without_grader:,} question{'s' if summary.without_grader > 1 else ''}"
            text = f"{summary.llm}: {count} not asked: there is no grader for them, only grades of other LLMs."
            Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)


def print_estimates(found: Sequence[Estimate]) -> None:
    """What would be asked, on stdout."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", overflow="fold")
    for header in ("to ask", "graded", "no\ngrader", "prompt\ntokens", "reply\ntokens", "reply\nat most", "time"):
        table.add_column(header, justify="right", no_wrap=True)
    for one in found:
        took = None if one.seconds is None else str(timedelta(seconds=round(one.seconds)))
        tokens = map(_large, (one.prompt_tokens, one.completion_tokens, one.most_tokens))
        graded = f"{one.done:,}/{one.total:,}"
        table.add_row(escape(one.llm), f"{one.missing:,}", graded, f"{one.without_grader:,}", *tokens, took or "-")
    console = for_tables()
    console.print(table)
    console.print("Nothing was asked. Reply tokens and time follow from the answers so far.", soft_wrap=True)


def print_unusable(report: BatchReport) -> None:
    """The lines of batch results that the bank cannot use, the first of each reason by name, on stderr."""
    console = Console(stderr=True, highlight=False)
    for line in report.named[:20]:
        console.print(escape(f"{line.file}, line {line.line}: {line.reason}"), style="yellow", soft_wrap=True)
    if report.refused > 20:
        console.print(f"... and {report.refused - 20:,} more lines that hold nothing for this bank", style="yellow")


def _large(count: int | None) -> str:
    return "-" if count is None else f"{count:,}" if count < 1e6 else f"{count / 1e6:,.1f} M"


@contextmanager
def _bars(console: Console) -> Iterator[Show]:
    tasks: dict[str, TaskID] = {}
    name = TextColumn("[progress.description]{task.description}")
    columns = (name, BarColumn(20), MofNCompleteColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=console, refresh_per_second=4) as bar:

        def show(summary: EvaluationSummary) -> None:
            if summary.llm not in tasks:
                tasks[summary.llm] = bar.add_task(
                    escape(summary.llm), total=summary.total - summary.without_grader, said=""
                )
            bar.update(tasks[summary.llm], completed=summary.done, said=progress_text(summary))

        yield show


@contextmanager
def _log(console: Console) -> Iterator[Show]:
    latest: dict[str, EvaluationSummary] = {}
    said: dict[str, float] = {}

    def say(summary: EvaluationSummary) -> None:
        whole = summary.total - summary.without_grader
        text = f"{summary.llm}: {summary.done:,} of {whole:,}, {progress_text(summary)}"
        console.print(escape(text), soft_wrap=True)

    def show(summary: EvaluationSummary) -> None:
        latest[summary.llm] = summary
        now = time.monotonic()
        if now - said.setdefault(summary.llm, now) >= LOG_SECONDS:
            said[summary.llm] = now
            say(summary)

    try:
        yield show
    finally:
        for summary in latest.values():
            say(summary)
