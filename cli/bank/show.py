"""`smacs bank show`: what the bank knows about one question, one of its own or any other."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from smacs.cli.bank.common import JsonOption, open_bank
from smacs.cli.console import for_tables, print_json, short
from smacs.cli.options import BankOption, PoolOption
from smacs.errors import EmbedderMismatchError, InputError, PoolError

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.records import Question
    from smacs.store.view import BankView


def show(
    question: Annotated[str, typer.Argument(help="The id of a bank question, or the text of any question.")],
    bank: BankOption = None,
    pool: PoolOption = "local",
    neighbours: Annotated[int, typer.Option(min=1, help="How many of the most similar questions to show.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show a question's neighbours, its support by data set, and the prior of every LLM.

    A question of the bank, by its id or text, counts itself neither as neighbour nor as support.
    """
    from smacs.pool.pool import Pool

    result = asyncio.run(_show(open_bank(bank), Pool.load(pool), question, neighbours))
    if as_json:
        print_json(result)
    else:
        _print_tables(result)


async def _show(bank: "QuestionBank", pool: "Pool", asked: str, neighbours: int) -> dict[str, Any]:
    from smacs.cli.bank.priors import neighbours_of, priors_of, support_of
    from smacs.graph.settings import make_settings
    from smacs.nodes.retrieve import summarise

    own = find(bank, asked)
    try:
        embedder = _embedder(bank, pool, needed=own is None)
        view = await bank.load(embedder)
        query = await _query(view, own, embedder, asked)
    finally:
        await pool.aclose()
    settings = make_settings(pool)
    support = support_of(view, query, settings, own)
    summary = summarise(support, view.datasets, lambda i: view.questions[i].text)
    del summary["nearest"]  # `neighbours` says more
    return {
        "question": _described(asked, None if own is None else bank.questions[own]),
        "support": {**summary, "n_base": settings.n_base, "gamma": settings.gamma, "blind": support.blind},
        "neighbours": neighbours_of(view, support, bank.llms, neighbours),
        "priors": [asdict(prior) for prior in priors_of(view, support, bank.llms)],
        "answers": [] if own is None else _recorded_answers(bank, bank.questions[own].id),
        "notes": list(_notes(bank, own)),
    }


def find(bank: "QuestionBank", asked: str) -> int | None:
    """The position of the bank question that has this id or, normalised, this text; None for another question.

    Raises InputError for an empty text, and for a bank that has no other question to compare with.
    """
    from smacs.store.text import normalised

    text = normalised(asked)
    if not text:
        raise InputError("Expected the id or the text of a question, got an empty one.")
    by_id = (i for i, question in enumerate(bank.questions) if question.id == asked)
    by_text = (i for i, question in enumerate(bank.questions) if normalised(question.text) == text)
    own = next(by_id, next(by_text, None))
    if len(bank.questions) - (own is not None) < 1:
        raise InputError(f"{bank.path} has no question to compare with. Add some with `smacs bank import`.")
    return own


def _embedder(bank: "QuestionBank", pool: "Pool", *, needed: bool) -> "Embedder | None":
    """A bank question has its vector already: it can be shown where its embedder is not at hand."""

    try:
        return pool.embedder(bank.embedder)
    except (PoolError, EmbedderMismatchError):
        if needed:
            raise
        return None


async def _query(view: "BankView", own: int | None, embedder: "Embedder | None", asked: str) -> Any:
    if own is not None:
        return view.matrix[own]
    assert embedder is not None
    return (await embedder.embed([asked], query=True))[0]


def _described(asked: str, question: "Question | None") -> dict[str, Any]:
    import msgspec

    return {"id": None, "text": asked} if question is None else msgspec.to_builtins(question)


def _recorded_answers(bank: "QuestionBank", identity: str) -> list[dict[str, Any]]:
    """What each LLM answered to a bank question; LLMs that were never asked are left out."""
    import msgspec

    from smacs.store.io.jsonl import read_jsonl
    from smacs.store.records import Evaluation

    found = []
    for llm in bank.llms:
        items = [e for e in read_jsonl(bank.evaluation_file(llm), Evaluation) if e.question == identity]
        found += [{"llm": llm, **msgspec.to_builtins(items[-1])}] if items else []
    return found


def _notes(bank: "QuestionBank", own: int | None) -> Any:
    if own is None:
        return
    yield "a question of the bank: it counts neither among its own neighbours nor in its own support"
    spec = bank.embedder
    if spec.query_template != spec.document_template:
        yield "compared by its vector in the bank; a live question is embedded with the query template instead"


def _print_tables(result: dict[str, Any]) -> None:
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
    console.print(_neighbour_table(result["neighbours"]), _prior_table(result["priors"], support["count"]))
    if result["answers"]:
        console.print(_answer_table(result["answers"]))
    for note in result["notes"]:
        console.print(f"[dim]{escape(note)}[/]")


def _neighbour_table(neighbours: list[dict[str, Any]]) -> Table:
    table = Table("similarity", "right", "id", "data set", box=SIMPLE_HEAD, title="Neighbours", expand=True)
    table.add_column("question", ratio=1, no_wrap=True, overflow="ellipsis")
    for item in neighbours:
        grades = [grade for grade in item["correct"].values() if grade is not None]
        right = f"{sum(grades):g} of {len(grades)}"
        table.add_row(
            f"{item['similarity']:.3f}", right, *map(escape, (item["id"], item["dataset"], short(item["text"], 80)))
        )
    return table


def _prior_table(priors: list[dict[str, Any]], size: int) -> Table:
    table = Table(box=SIMPLE_HEAD, title="Priors")
    table.add_column("LLM")
    for header in ("prior", "rests on", "accuracy on the bank %"):
        table.add_column(header, justify="right")
    for item in priors:
        style = "dim" if not item["evaluated"] else None
        cells = (f"{item['prior']:.2f}", f"{item['evaluated']} of {size}", f"{100 * item['accuracy']:.1f}")
        table.add_row(escape(item["llm"]), *cells, style=style)
    return table


def _answer_table(answers: list[dict[str, Any]]) -> Table:
    table = Table("LLM", "grade", "answer", box=SIMPLE_HEAD, title="What they answered", expand=True)
    table.add_column("response", ratio=1, no_wrap=True, overflow="ellipsis")
    for item in answers:
        answer, response = str(item.get("answer", "-")), short(item.get("response", ""), 80)
        table.add_row(escape(item["llm"]), f"{item['correct']:g}", escape(short(answer, 30)), escape(response))
    return table
