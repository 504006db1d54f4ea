"""`smacs bank evaluate`: LLMs answer the questions of a bank, over their endpoints or through batch files."""

from pathlib import Path
from typing import Annotated

import typer

from smacs.cli.bank.common import LLMOption, llms_of, open_bank
from smacs.cli.options import BankOption, PoolOption
from smacs.errors import InputError

_BATCH = "Batch files (no LLM is called)"

DatasetOption = Annotated[
    list[str] | None, typer.Option("--dataset", help="Only this data set; may be repeated.", show_default=False)
]
SubjectOption = Annotated[
    list[str] | None, typer.Option("--subject", help="Only this subject; may be repeated.", show_default=False)
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=1, help="At most this many questions: a random choice, the same one each time.", show_default=False
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and what it would take.")]
FailuresOption = Annotated[
    Path | None, typer.Option(help="Write the failed calls to this file, one JSON line each.", show_default=False)
]
ExportOption = Annotated[
    Path | None,
    typer.Option(help="Write the questions as OpenAI batch files.", show_default=False, rich_help_panel=_BATCH),
]
ImportOption = Annotated[
    list[Path] | None,
    typer.Option(help="Read such a batch's results; may be repeated.", show_default=False, rich_help_panel=_BATCH),
]


def evaluate(
    bank: BankOption = None,
    pool: PoolOption = "local",
    llm: LLMOption = None,
    dataset: DatasetOption = None,
    subject: SubjectOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    failures: FailuresOption = None,
    export_batch: ExportOption = None,
    import_batch: ImportOption = None,
) -> None:
    """Ask LLMs every bank question they have no evaluation of. May be stopped at any time and started again.

    LLMs at different hosts or ports run at the same time, those at one host and port, or launched on this machine, one
    after another. Exit code 1: some questions got no grade, or some results of a batch could not be used.
    """
    from smacs.cli.bank.evaluation import Evaluations
    from smacs.pool.pool import Pool
    from smacs.store.evaluate import Selection

    if sum(map(bool, (dry_run, export_batch, import_batch))) > 1:
        raise InputError("Expected one of --dry-run, --export-batch and --import-batch, got several.")
    if import_batch and (dataset or subject or limit):
        raise InputError("--import-batch takes all results that are there: leave out --dataset, --subject and --limit.")
    loaded = Pool.load(pool)
    selection = Selection(tuple(dataset or ()), tuple(subject or ()), limit)
    work = Evaluations(open_bank(bank), loaded, llms_of(loaded, llm), selection, failures)
    if dry_run:
        work.estimate()
    elif export_batch:
        work.export_batch(export_batch)
    elif not (work.import_batch(import_batch) if import_batch else work.evaluate()):
        raise typer.Exit(1)
