"""A report for people: tables on the terminal, and as Markdown."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smacs.bench.prior.report import Report, Setup
from smacs.bench.prior.sheets import Sheet, answers, by_group, choices, overview


def show(report: Report, console: Console) -> None:
    """Print the tables over all questions and by data set."""
    console.print(escape(headline(report.setup)), soft_wrap=True)
    for sheet in (overview(report), by_group(report, "dataset"), answers(report), choices(report)):
        if sheet is not None:
            console.print(_table(sheet))
    console.print(escape(note(report.setup)), style="dim", soft_wrap=True)


def markdown(report: Report) -> str:
    """The whole report as Markdown, tables by subject included."""
    return "\n\n".join([headline(report.setup), note(report.setup), tables(report)]) + "\n"


def tables(report: Report) -> str:
    """All tables as Markdown, those by data set and subject folded away."""
    return "\n\n".join(_blocks(report))


def _blocks(report: Report) -> Iterator[str]:
    for sheet in (overview(report), answers(report), choices(report)):
        if sheet is not None:
            yield f"### {sheet.title}\n\n{markdown_table(sheet)}"
    for sheet in (by_group(report, "dataset"), by_group(report, "subject")):
        if sheet is not None:
            yield f"<details>\n<summary>{sheet.title}</summary>\n\n{markdown_table(sheet)}\n\n</details>"


def headline(setup: Setup) -> str:
    """What was measured, in two or three sentences."""
    missing = f", {100 - 100 * setup.coverage:.1f} % of the cells missing" if setup.coverage < 1 else ""
    twins = f" {setup.dropped:.1f} bank questions had the text of a test question and were left out."
    return (
        f"{setup.bank}: {setup.questions:,} questions, {len(setup.llms)} LLMs{missing}. {setup.protocol}, seed "
        f"{setup.seed}: fitted on {setup.bank_size:,.0f} questions, tested on {setup.test_size:,.0f}."
        + (twins if setup.dropped else "")
    )


def note(setup: Setup) -> str:
    """How to read the tables."""
    return (
        f"In brackets the {100 * setup.level:g} % bootstrap interval over questions. Gain: paired difference to Simple "
        "Router in the same splits; live gain: in rank score, with the question's data set and subject unknown."
    )


def markdown_table(sheet: Sheet) -> str:
    """The table alone."""
    rule = ["---"] * sheet.labels + ["---:"] * (len(sheet.headers) - sheet.labels)
    return "\n".join([_line(sheet.headers), _line(rule), *map(_line, sheet.cells)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(sheet: Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", box=SIMPLE_HEAD)
    for i, header in enumerate(sheet.headers):
        label = i < sheet.labels
        table.add_column(header, justify="left" if label else "right", no_wrap=label)
    for cells in sheet.cells:
        table.add_row(*(escape(cell.replace(" [", "\n[")) for cell in cells))
    return table
