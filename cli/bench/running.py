"""What `smacs bench run` does: check, write the run down, start what has to be started, answer what is missing."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import typer

from smacs.bench.benchmarks import refuse_leaks
from smacs.bench.run.describe import describe
from smacs.bench.run.folder import start
from smacs.bench.run.run import Run
from smacs.bench.run.spec import parse_spec
from smacs.bench.run.systems import build
from smacs.cli.bench import run_display as display
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.selection import check_gradable
from smacs.store.io.lock import write_lock
from smacs.store.records import Question

MOST_AT_ONCE = 512
PATIENT = {"deadline": 86_400.0}  # a question waits for its turn; the LLMs' own deadlines hold


@dataclass(slots=True)
class Running:
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
        """Answer what is missing; whether nothing is left then. Raises what can be said before anything is asked."""
        asked = [question for chosen in self.questions.values() for question in chosen]
        refuse_leaks(self.bank, asked)
        check_gradable(asked, self.prompts)
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_lock(self.folder), ExitStack() as stack:
            at_once = concurrency or min(sum(llm.spec.in_flight for llm in self.pool.llms.values()), MOST_AT_ONCE)
            run = Run(self.folder, self.systems, self.questions, concurrency=at_once)
            run.keep_replies(self.pool, stack)
            graphs = self._graphs()  # a spec that cannot be built is said before the run is written down
            start(self.folder, self._info(), self.questions)
            if run.left:
                stack.enter_context(self.pool.running(self._llms(), progress=partial(typer.echo, err=True)))
                asyncio.run(self._answer(run, graphs))
        display.outcome(run)
        return run.left == 0

    def _graphs(self) -> dict[str, Any]:
        settings = {**PATIENT, **self.settings, "seed": self.seed}
        return {name: build(parse_spec(name), self.pool, self.bank, settings, self.prompts) for name in self.systems}

    def _llms(self) -> set[str]:
        """Those that have to be up."""
        return {llm for name in self.systems for llm in parse_spec(name).llms(self.pool)}

    def _info(self) -> Any:
        return describe(
            self.systems,
            self.questions,
            self.pool,
            self.bank,
            self.prompts,
            self.settings,
            seed=self.seed,
        )

    async def _answer(self, run: Run, graphs: dict[str, Any]) -> None:
        try:
            with display.run_progress() as show:
                show(run.tallies)
                await run.run(graphs, show)
        finally:
            await self.pool.aclose()
