"""What `smacs ask` and `smacs replay` show on stderr: a line for each event, then the tables of the trace."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.markup import escape
from rich.status import Status
from rich.table import Table

from smacs.cli.console import for_tables, short
from smacs.graph.words import words
from smacs.nodes.shared.records import name_of

_NEXT = {
    "retrieved": "scoring the LLMs",
    "priors": "asking the referencers",
    "subsets": "aggregating",
    "selected": "done",
}


class Board:
    """Progress and tables on stderr; LLM text is shown as text, never as markup."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = for_tables(stderr=True, quiet=quiet)
        self._status: Status | None = None

    def __enter__(self) -> Self:
        self._status = self._console.status("looking for similar questions (loading the embedder)")
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def server(self, text: str) -> None:
        """Say how far the local servers are."""
        self._line("server", text)

    def event(self, event: dict[str, Any]) -> None:
        """Show one progress event of the graph, with what an LLM wrote or how it failed."""
        kind = event["event"]
        label, text = words(event)
        if kind == "candidate":
            text = f"{event['index'] + 1}: {short(event['text'], 90)}"
        elif kind == "referencer" and event["error"]:
            text = f"{event['llm']}: {event['error']}"
        self._line(label, text)
        if kind in _NEXT and self._status is not None:
            self._status.update(_NEXT[kind])

    def tables(self, result: dict[str, Any]) -> None:
        """The priors, references and candidates, how it was decided, and what went wrong if anything did."""
        self._console.print(_reference_table(result))
        if result["candidates"]:
            self._console.print(_candidate_table(result))
        for note in result["notes"]:
            self._console.print(escape(note))
        usage = result["usage"]
        self._console.print(
            f"{usage['calls']} calls, {usage['failed']} failed, {usage['prompt_tokens']:,} prompt and "
            f"{usage['completion_tokens']:,} completion tokens",
            style="dim",
        )
        for reason in result["degraded"]:
            self._console.print(f"degraded: {escape(reason)}", style="yellow")

    def replayed(self, differences: Sequence[str]) -> None:
        """Say what a replay brought out otherwise than its trace."""
        for line in differences or ["replayed: priors, subsets, scores and answer are those of the trace"]:
            self._console.print(escape(line), style="cyan" if differences else "green")

    def _line(self, label: str, text: str) -> None:
        self._console.print(f"[bold cyan]{label:>10}[/]  {escape(text)}", soft_wrap=True)


def _reference_table(result: dict[str, Any]) -> Table:
    table = Table("LLM", "prior", "seconds", "tokens", "reference", title="Priors and references", title_justify="left")
    for record in result["references"]:
        text = short(record["error"] or record["text"], 90)
        cells = (f"{record['prior']:.2f}", f"{record['seconds']:.1f}", str(record["tokens"]), escape(text))
        table.add_row(escape(name_of(record)), *cells, style="yellow" if record["error"] else None)
    asked = {record["llm"] for record in result["references"]}
    for name, prior in result["priors"].items():
        if name not in asked:
            table.add_row(escape(name), f"{prior:.2f}", "", "", "not asked", style="dim")
    return table


def _candidate_table(result: dict[str, Any]) -> Table:
    table = Table("", "made from", "similarity", "PPL", "score", "candidate", title="Candidates", title_justify="left")
    chosen = result["selected"]["candidate"]
    for position, candidate in enumerate(result["candidates"]):
        table.add_row(
            f"{position + 1}{' *' if position == chosen else ''}",
            escape(", ".join(candidate["subset"])),
            *(_number(candidate[key]) for key in ("similarity", "perplexity", "score")),
            escape(short(candidate["text"], 90)),
            style="bold" if position == chosen else None,
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
