"""What `smacs bank evaluate` does, by one of its four ways."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
import typer

from smacs.cli.bank import evaluation_display as display
from smacs.cli.bank.display import statistics
from smacs.errors import InputError
from smacs.graph.settings import make_settings
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import (
    EvaluationSummary,
    Selection,
    estimate,
    evaluate_all,
    export_batch,
    import_batch,
    missing_by_llm,
)
from smacs.store.stats import bank_stats


@dataclass(slots=True)
class Evaluations:
    """The LLMs `names` of a pool on a part of a bank; failed calls are also written to `failures`."""

    bank: QuestionBank
    pool: Pool
    names: list[str]
    selection: Selection
    failures: Path | None
    prompts: Prompts = field(default_factory=Prompts.load)

    def evaluate(self) -> bool:
        """Ask what is missing; whether all is graded then."""
        self._write_failures([])  # where that cannot be written is said before anything is asked
        missing = missing_by_llm(self.bank, self.names, self.prompts, self.selection)
        wanted = [name for name, work in missing.items() if len(work.rows)]
        summaries = {name: work.summary for name, work in missing.items()}
        try:
            with self.pool.running(wanted, progress=partial(typer.echo, err=True)):
                asyncio.run(self._ask(wanted, summaries))
        finally:
            self._write_failures(list(summaries.values()))
        self._show(list(summaries.values()), "run the same command again to ask them again.")
        return not any(summary.failures or summary.stopped for summary in summaries.values())

    def estimate(self) -> None:
        """Say what `evaluate` would take."""
        llms = [self.pool.llms[name] for name in self.names]
        found = estimate(
            self.bank, llms, self.prompts, sampling=make_settings(self.pool).sampling, selection=self.selection
        )
        display.estimates(found)

    def export_batch(self, path: Path) -> None:
        """Write what is missing as batch files."""
        llms = [self.pool.llms[name] for name in self.names]
        sampling = make_settings(self.pool).sampling
        files = export_batch(self.bank, llms, self.prompts, path, sampling=sampling, selection=self.selection)
        for file in files:
            print(f"{file.path}: {file.requests:,} requests to {file.llm}")
        if not files:
            print("Nothing is missing: no file was written.")

    def import_batch(self, files: Sequence[Path]) -> bool:
        """Read the results of a batch; whether all of them could be used."""
        llms = [self.pool.llms[name] for name in self.names]
        with display.import_progress() as show:
            report = import_batch(
                self.bank, llms, self.prompts, files, sampling=make_settings(self.pool).sampling, on_progress=show
            )
        summaries = list(report.summaries.values())
        added = sum(summary.asked for summary in summaries)
        print(f"{report.lines:,} results: {added:,} new, {report.known:,} known, {report.refused:,} not for this bank")
        if report.otherwise:
            print(
                f"{report.otherwise:,} were asked with another prompt or sampling than now; they do not say with which."
            )
        display.refused(report)
        self._write_failures(summaries)
        self._show(summaries, "they stay missing, and the next export or evaluation has them again.")
        return not report.refused and not any(summary.failures for summary in summaries)

    async def _ask(self, names: Sequence[str], summaries: dict[str, EvaluationSummary]) -> None:
        try:
            with display.evaluation_progress() as bar:

                def show(summary: EvaluationSummary) -> None:
                    summaries[summary.llm] = summary
                    bar(summary)

                for name in names:
                    bar(summaries[name])
                found = await evaluate_all(
                    self.bank,
                    [self.pool.llms[name] for name in names],
                    self.prompts,
                    sampling=make_settings(self.pool).sampling,
                    selection=self.selection,
                    on_progress=show,
                )
                for summary in found:
                    show(summary)
        finally:
            await self.pool.aclose()

    def _show(self, summaries: Sequence[EvaluationSummary], again: str) -> None:
        if summaries:
            statistics(bank_stats(self.bank, [summary.llm for summary in summaries]))
        display.without_grader(summaries)
        display.failures(summaries, again)

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
