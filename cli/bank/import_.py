"""`smacs bank import`: logs of other tools, recorded answers or the authors' bank, into a bank."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from smacs.cli.bank.common import JsonOption
from smacs.cli.console import Console, for_tables, print_json, say
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.store.imports.report import FileReport, ImportReport
    from smacs.store.merge import MergeReport

_Rename = Annotated[
    list[str] | None,
    typer.Option(metavar="THEIRS=OURS", help="Another name for an LLM; may be repeated.", show_default=False),
]
_Pool = Annotated[str | None, typer.Option(help="A pool file: gives LLMs their names, a new bank its embedder.")]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="The format, such as lm_eval. Default: recognised by the content.",
        show_default=False,
    ),
]
_Metric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The score that is the grade, where there are several; of lm-eval also SCORE,FILTER. SCORE/100 says its "
        "best value too.",
        show_default=False,
    ),
]
_Text = Annotated[
    str | None,
    typer.Option(
        metavar="FIELD",
        help=r"The field that holds the question, or a template such as '{passage}\n{question}': fields of lm-eval's "
        "doc, of the metadata of Inspect and evalscope, of a plain line.",
        show_default=False,
    ),
]
_Scale = Annotated[
    str | None,
    typer.Option(
        metavar="BEST",
        help="The best value of the scores, such as 100, or a range such as 1-10. Default: 1.",
        show_default=False,
    ),
]
_Skip = Annotated[
    bool, typer.Option("--skip-invalid", help="Leave out records that cannot be used, instead of their whole file.")
]
_MaxMb = Annotated[int, typer.Option(min=1, metavar="MB", help="The most that one record may have, once unpacked.")]


def import_(
    paths: Annotated[list[str], typer.Argument(metavar="FILE_OR_FOLDER")],
    bank: Annotated[str, typer.Option(metavar="DIR", help="Folder of the bank; created if it is missing.")],
    format_: _Format = None,
    llm: Annotated[str | None, typer.Option(help="Who answered, whatever the files say.", show_default=False)] = None,
    rename: _Rename = None,
    pool: _Pool = None,
    dataset: Annotated[str | None, typer.Option(help="The data set of all questions.", show_default=False)] = None,
    metric: _Metric = None,
    scale: _Scale = None,
    text: _Text = None,
    skip_invalid: _Skip = False,
    max_mb: _MaxMb = 64,
    replace: Annotated[bool, typer.Option("--replace", help="Grades in the files win over the bank's.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import what exists: questions, grades, answers and embeddings. Doing it twice changes nothing.

    It reads lm-evaluation-harness samples, Inspect logs, evalscope reviews, plain JSON lines and tables, the authors'
    bank and recorded answers, compressed or not. Samples without a score are left out and counted. Exit code 1: a file
    was left out because of records that cannot be used; the others are imported.
    """
    from smacs.pool.pool import Pool
    from smacs.store.imports import import_ as run

    with _progress() as show:
        report = run(
            paths, bank, format=format_, llm=llm, rename=_pairs(rename), pool=Pool.load(pool) if pool else None,
            dataset=dataset, metric=metric, scale=scale, text=text, skip_invalid=skip_invalid, max_mb=max_mb,
            replace=replace, on_progress=show,
        )  # fmt: skip
    if as_json:
        print_json(report)
    else:
        _print(report, replace)
    if report.refused and not skip_invalid:
        raise typer.Exit(1)


def _pairs(rename: Sequence[str] | None) -> dict[str, str]:

    pairs = [text.partition("=") for text in rename or ()]
    for theirs, _, ours in pairs:
        if not theirs or not ours:
            raise InputError(f"--rename: expected THEIRS=OURS, got {theirs + ours!r}.")
    return {theirs: ours for theirs, _, ours in pairs}


@contextmanager
def _progress() -> "Iterator[Callable[[MergeReport], None]]":
    """A line on stderr that counts while files are read; how much they hold is not known before."""
    with Console(stderr=True).status("reading") as status:

        def show(so_far: "MergeReport") -> None:
            status.update(f"{so_far.questions_new:,} new questions, {so_far.cells_new:,} new grades")

        yield show


def _print(report: "ImportReport", replaced: bool) -> None:
    total = report.questions * report.bank_llms
    kept = " (kept; --replace takes those in the files)" if report.conflicts and not replaced else ""
    print(f"{report.bank}{' (new)' if report.created else ''}")
    print(f"questions  {report.questions_new:,} new, {report.questions_known:,} known")
    print(f"grades     {report.cells_new:,} new, {report.cells_known:,} known, {report.conflicts:,} differ{kept}")
    print(f"vectors    {report.vectors_new:,} new")
    for name in report.llms:
        theirs = [other for other, ours in report.mapped.items() if ours == name and other != name]
        said = f" (in the files: {', '.join(theirs)})" if theirs else ""
        say(f"LLM        {name}{said}")
    share = f"{100 * report.filled:.1f} % of {total:,} grades are there"
    print(f"the bank   {report.questions:,} questions, {report.bank_llms} LLM{'s' * (report.bank_llms != 1)}, {share}")
    for note in _notes(report):
        say(f"note       {note}")
    _print_files(report.by_file)


def _notes(report: "ImportReport") -> list[str]:
    notes = list(report.notes)
    if report.passed_over:
        notes.append(f"of no known format, passed over: {', '.join(report.passed_over)}")
    notes += [f"{'the rest was ' if file.partly else ''}left out: {file.error}" for file in report.refused]
    if report.unmapped:
        notes.append(f"not in the pool, kept as they are: {', '.join(report.unmapped)}. Rename them with --rename")
    if report.labels_differ:
        notes.append(f"{report.labels_differ:,} known questions came with another label: the bank's was kept")
    if report.ungradable:
        notes.append(f"{report.ungradable:,} questions of the bank have recorded grades only: no label to grade by")
    return notes


def _print_files(files: "Sequence[FileReport]") -> None:
    """The table: what each file gave, and what its tool had reported."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("file", overflow="fold")
    for header in ("questions", "grades", "accuracy %", "reported %"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("left out")
    for file in files:
        counts = f"{file.questions:,}", f"{file.grades:,}"
        numbers = ("-", "-") if file.error and not file.partly else counts
        accuracy = None if file.error and not file.partly else file.accuracy
        reported = f"{_percent(file.reported)}{' differs' if file.differs else ''}"
        table.add_row(escape(Path(file.file).name), *numbers, _percent(accuracy), reported, escape(_left_out(file)))
    for_tables().print(table)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _left_out(file: "FileReport") -> str:
    parts = [str(entry) for entry in file.left_out]
    if file.same_text:
        parts.append(f"{file.same_text:,} with the text of an earlier one")
    if file.error:
        parts.insert(0, "the rest" if file.partly else "all of it")
    return ", ".join(parts) or "-"
