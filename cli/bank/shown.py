"""The tables of `smacs bank show`, on stdout."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from smacs.cli.console import for_tables


def tables(result: dict[str, Any]) -> None:
    """The question, its support, its neighbours, the priors, and the recorded answers."""
    console = for_tables()
    question, support = result["question"], result["support"]
    if question["id"] is not None:
        where = " / ".join(filter(None, (question.get("dataset"), question.get("subject"))))
        console.print(f"[bold]{escape(question['id'])}[/]  {escape(where)}  label {escape(str(question.get('label')))}")
    console.print(escape(question["text"].strip()), soft_wrap=True)
    shares = ", ".join(f"{escape(name) or '-'} {share:.0%}" for name, share in support["datasets"].items())
    console.print(
        f"\n[bold]Support[/]  {support['count']} questions above {support['threshold']:.3f} "
        f"(n_base {support['n_base']}, gamma {support['gamma']}): {shares}",
        soft_wrap=True,
    )
    console.print(_neighbours(result["neighbours"]), _priors(result["priors"], support["count"]))
    if result["answers"]:
        console.print(_answers(result["answers"]))
    for note in result["notes"]:
        console.print(f"[dim]{escape(note)}[/]")


def _neighbours(neighbours: list[dict[str, Any]]) -> Table:
    table = Table("similarity", "right", "id", "data set", box=SIMPLE_HEAD, title="Neighbours", expand=True)
    table.add_column("question", ratio=1, no_wrap=True, overflow="ellipsis")
    for item in neighbours:
        grades = [grade for grade in item["correct"].values() if grade is not None]
        right = f"{sum(grades):g} of {len(grades)}"
        table.add_row(
            f"{item['similarity']:.3f}", right, *map(escape, (item["id"], item["dataset"], short(item["text"])))
        )
    return table


def _priors(priors: list[dict[str, Any]], size: int) -> Table:
    table = Table(box=SIMPLE_HEAD, title="Priors")
    table.add_column("LLM")
    for header in ("prior", "rests on", "accuracy on the bank %"):
        table.add_column(header, justify="right")
    for item in priors:
        style = "dim" if not item["evaluated"] else None
        cells = (f"{item['prior']:.2f}", f"{item['evaluated']} of {size}", f"{100 * item['accuracy']:.1f}")
        table.add_row(escape(item["llm"]), *cells, style=style)
    return table


def _answers(answers: list[dict[str, Any]]) -> Table:
    table = Table("LLM", "grade", "answer", box=SIMPLE_HEAD, title="What they answered", expand=True)
    table.add_column("response", ratio=1, no_wrap=True, overflow="ellipsis")
    for item in answers:
        answer, response = str(item.get("answer", "-")), short(item.get("response", ""))
        table.add_row(escape(item["llm"]), f"{item['correct']:g}", escape(short(answer, 30)), escape(response))
    return table


def short(text: str, limit: int = 80) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}..."
