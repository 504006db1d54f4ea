"""`smacs bank create`: a question bank from files and hub data sets."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from smacs.cli.bank.sources import SourceOptions, read_sources
from smacs.cli.console import Console
from smacs.cli.options import PoolOption

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.create.create import Created
    from smacs.store.create.report import CreateReport
    from smacs.store.create.sources import Source

_SHOWN = 5  # pairs of each kind that are printed; the report has them all
_FIELDS = "text, label, options, id, dataset, subject, task, grader, setup"
_From = Annotated[
    list[str],
    typer.Option(
        "--from",
        metavar="[NAME=]WHERE",
        help="A file (.jsonl .json .csv .tsv .parquet), a folder in hub form, or a hub data set: owner/name or "
        "owner/name/config. May be repeated.",
    ),
]
_Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="[NAME=]WHERE", help="Test questions that must stay out, as --from.", show_default=False),
]
_Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="[SOURCE:]FIELD=COLUMN",
        help=f"Where a field is ({_FIELDS}): a column, for options several with commas, or a template such as "
        r"'{question}\n{options}'. Default: found by usual names.",
        show_default=False,
    ),
]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="[SOURCE:]FIELD=VALUE",
        help="dataset, subject, task or grader of all questions; first_option=0 or 1 where labels count options.",
        show_default=False,
    ),
]
_Near = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Cosine from which a question counts as an excluded one. 0: equal texts alone. Default: 0.9.",
        show_default=False,
    ),
]
_Limit = Annotated[
    list[str] | None, typer.Option(metavar="[SOURCE:]N", help="At most N questions of a source.", show_default=False)
]
_Seed = Annotated[int | None, typer.Option(help="Choose them at random. Default: the first N.", show_default=False)]
_Split = Annotated[
    list[str] | None, typer.Option(metavar="[SOURCE:]NAME", help="Of a hub data set.", show_default=False)
]
_Revision = Annotated[
    list[str] | None, typer.Option(metavar="[SOURCE:]REV", help="Of a hub data set.", show_default=False)
]
_Report = Annotated[Path | None, typer.Option(help="Write all findings to this JSON file.", show_default=False)]
_Skip = Annotated[bool, typer.Option("--skip-invalid", help="Leave out rows that cannot become questions.")]


def create(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    sources: _From,
    columns: _Map = None,
    constants: _Set = None,
    exclude: _Exclude = None,
    near: _Near = None,
    split: _Split = None,
    revision: _Revision = None,
    limit: _Limit = None,
    seed: _Seed = None,
    skip_invalid: _Skip = False,
    report: _Report = None,
    pool: PoolOption = "local",
) -> None:
    """Make a bank from questions that you have: checked, without duplicates, without questions of a test.

    The embedder is the pool's; default: all-MiniLM-L6-v2.
    """
    from smacs.pool.pool import Pool
    from smacs.store.create.create import NEAR

    found, excluded = read_sources(sources, exclude, SourceOptions(columns, constants, split, revision, limit, seed))
    threshold = NEAR if near is None else near or None
    made = asyncio.run(_create(folder, found, excluded, threshold, skip_invalid, report, Pool.load(pool)))
    _print(made)


async def _create(
    folder: str,
    sources: list["Source"],
    exclude: list["Source"],
    threshold: float | None,
    skip_invalid: bool,
    report: Path | None,
    pool: "Pool",
) -> "Created":
    from smacs.store.create.create import create_bank
    from smacs.store.manifest import DEFAULT_EMBEDDER

    try:
        with _progress() as show:
            return await create_bank(
                folder,
                sources,
                embedder=pool.embedder(pool.file.embedder or DEFAULT_EMBEDDER),
                exclude=exclude,
                threshold=threshold,
                skip_invalid=skip_invalid,
                report_file=report,
                on_progress=show,
            )
    finally:
        await pool.aclose()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each part of the work."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def _print(made: "Created") -> None:
    """How each source was read and what was left out, on stderr; where the bank is, on stdout."""
    from smacs.store.create.report import omissions

    console = Console(stderr=True, highlight=False)

    def say(text: str, style: str | None = None) -> None:
        console.print(escape(text), style=style, soft_wrap=True)

    for source in made.report.sources:
        grader = f", grader {source.grader!r} (found)" if source.grader else ""
        say(f"{source.name}: {source.columns}{grader}")
        say(f"{source.name}: {source.questions:,} questions out of {source.rows:,} rows")
    for source in made.report.excluded:
        say(f"{source.name}: {source.columns}, {source.questions:,} questions excluded")
    for text in _examples(made.report):
        say(text, "yellow")
    say(omissions(made.report))
    print(f"{made.report.questions} questions\t{made.bank.path}")


def _examples(report: "CreateReport") -> Iterator[str]:
    for problem in report.problems[:_SHOWN]:
        yield f"no question: {problem}"
    for duplicate in report.duplicates[:_SHOWN]:
        yield f"duplicate: {duplicate.place} of {duplicate.first}"
    for conflict in report.conflicts[:_SHOWN]:
        yield f"several labels ({', '.join(conflict.labels)}): {'; '.join(map(str, conflict.places))}"
    for leak in report.leaks[:_SHOWN]:
        yield f"excluded ({leak.kind}, {leak.similarity:.3f}): {leak.place} is {leak.excluded}"
