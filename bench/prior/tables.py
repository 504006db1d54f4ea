"""The tables of a report, for the terminal and for Markdown alike."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smacs.bench.prior.report import Group, Interval, Report, Row, Setup
from smacs.store.tuned_settings import SettingValue


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; the first `labels` columns are names, the others figures."""

    title: str
    headers: Sequence[str]
    cells: Sequence[Sequence[str]]
    labels: int = 1


def overview(report: Report) -> Sheet:
    """The selectors over all questions, the best ranking first."""
    headers = ["selector", *_ranking_headers(report), "CPU s a split"]
    rows = ranked(report.rows, "rank")
    return Sheet("Ranking the LLMs", headers, [[*_ranking(row), f"{report.seconds[row.selector]:.1f}"] for row in rows])


def answers(report: Report) -> Sheet | None:
    """Answers out of recorded replies, for each selector and rule, the best first; None where none are recorded."""
    k, early = report.setup.k, f"stop early, {report.setup.calls:g} calls %"
    headers = ["selector", "rule", f"{k} vote %", "gain", early, "gain", "calls"]
    rows = ranked(report.rows, "vote")
    return Sheet("Answers from recorded replies", headers, [_answer(row) for row in rows], 2) if rows else None


def choices(report: Report) -> Sheet | None:
    """What the splits chose for each setting, the most frequent first; None where there was nothing to choose."""
    headers = ["selector or rule", "setting", "candidates, the default first", "chosen, in so many splits"]
    cells = [
        [choice.name, choice.setting, ", ".join(map(str, choice.candidates)), _often(choice.splits)]
        for choice in report.choices
    ]
    return Sheet("Settings chosen inside the bank part", headers, cells, 4) if cells else None


def by_group(report: Report, group: Group) -> Sheet | None:
    """The selectors on each data set or subject; None where there is one at most."""
    named = {"dataset": "data set"}.get(group, group)
    names = dict.fromkeys(row.name for row in report.rows if row.group == group)
    cells = [[name, *_ranking(row)] for name in names for row in ranked(report.rows, "rank", group, name)]
    headers = [named, "selector", *_ranking_headers(report)]
    return Sheet(f"By {named}", headers, cells, 2) if cells else None


def ranked(rows: Iterable[Row], metric: str, group: Group = "all", name: str = "") -> list[Row]:
    """The rows that have a figure, the largest first."""
    found = [row for row in rows if metric in row.figures and (row.group, row.name) == (group, name)]
    return sorted(found, key=lambda row: _value(row, metric), reverse=True)


def plain(interval: Interval | None) -> str:
    """Such as `69.5 [68.6, 70.4]`."""
    return _text(interval, lambda value: f"{value:.1f}")


def signed(interval: Interval | None) -> str:
    """Such as `+1.90 [+1.49, +2.28]`."""
    return _text(interval, lambda value: f"{value:+.2f}")


def _often(values: Sequence[SettingValue]) -> str:
    return ", ".join(f"{value} ({times})" for value, times in Counter(values).most_common())


def _ranking_headers(report: Report) -> list[str]:
    return ["rank score", "gain", "live gain", "top-1 %", "gain", f"one of {report.setup.k} right %"]


def _ranking(row: Row) -> list[str]:
    rank, live, top1, some = (row.figures[metric] for metric in ("rank", "live", "top1", "any"))
    figures = [plain(rank.value), signed(rank.gain), signed(live.gain), plain(top1.value), signed(top1.gain)]
    return [row.selector, *figures, plain(some.value)]


def _answer(row: Row) -> list[str]:
    vote, stopped, calls = (row.figures[metric] for metric in ("vote", "stopped", "calls"))
    spent = f"{calls.value.value:.2f}" if calls.value else "-"
    figures = [plain(vote.value), signed(vote.gain), plain(stopped.value), signed(stopped.gain), spent]
    return [row.selector, row.rule, *figures]


def _value(row: Row, metric: str) -> float:
    interval = row.figures[metric].value
    return interval.value if interval else float("-inf")


def _text(interval: Interval | None, number: Callable[[float], str]) -> str:
    if interval is None:
        return "-"
    return f"{number(interval.value)} [{number(interval.low)}, {number(interval.high)}]"


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
