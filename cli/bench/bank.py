"""`smacs bench bank`: a question bank from the bank parts of benchmarks."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.console import Console
from smacs.cli.options import PoolOption

if TYPE_CHECKING:
    from smacs.bench.benchmarks.near import NearCopy
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank

_SHOWN = 5  # near copies that are listed

_Benchmarks = Annotated[
    str | None,
    typer.Option(help="Names, separated by commas, see `smacs bench list`. Default: all.", show_default=False),
]
_Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder with their files. Default: the hub.", show_default=False)
]
_Limit = Annotated[int | None, typer.Option(min=1, help="At most this many questions of each.", show_default=False)]
_Start = Annotated[
    str | None,
    typer.Option(metavar="starter|DIR", help="Begin with a copy of this bank, answers included.", show_default=False),
]
_Near = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Embed the bank and the test parts, and list bank questions with at least this cosine to a test question.",
        show_default=False,
    ),
]


def bank(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of the bank; created if it is missing.")],
    benchmarks: _Benchmarks = None,
    data: _Data = None,
    limit: _Limit = None,
    seed: Annotated[int, typer.Option(help="Seed of the choice, where there is a limit.")] = 0,
    start: _Start = None,
    near: _Near = None,
    pool: PoolOption = "local",
) -> None:
    """Make a bank from benchmarks, or add to one: never a question of their test parts. Doing it twice changes nothing.

    A new bank's embedder is the pool's; default: all-MiniLM-L6-v2. `smacs bank evaluate --bank DIR` fills it.
    """
    from smacs.bench.benchmarks.fill import fill_bank
    from smacs.bench.benchmarks.registry import chosen
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.manifest import DEFAULT_EMBEDDER

    loaded, names = Pool.load(pool), chosen(benchmarks)
    begin = None if start is None else QuestionBank.starter() if start == "starter" else QuestionBank.open(start)
    spec = loaded.file.embedder or DEFAULT_EMBEDDER
    for line in fill_bank(folder, names, data, embedder=spec, limit=limit, seed=seed, start=begin):
        print(f"{line.benchmark:<14} {line.new:>6,} new {line.known:>6,} known {line.copies:>6,} copies left out")
    made = QuestionBank.open(folder)
    print(f"{len(made.questions)} questions\t{made.path}")
    if near is not None:
        _show(asyncio.run(_near_copies(made, loaded, names, data, near)), near)


async def _near_copies(
    made: "QuestionBank", pool: "Pool", names: list[str], data: Path | None, near: float
) -> list["NearCopy"]:
    from smacs.bench.benchmarks import test_questions
    from smacs.bench.benchmarks.near import near_copies

    embedder = pool.embedder(made.embedder)
    try:
        with Console(stderr=True).status("comparing with the test questions"):
            questions = [question for name in names for question in test_questions(name, data)]
            return await near_copies(made, embedder, questions, near)
    finally:
        await embedder.aclose()
        await pool.aclose()


def _show(copies: list["NearCopy"], near: float) -> None:
    """How many there are, and the most similar ones."""
    print(f"{len(copies)} bank questions have a cosine of at least {near:g} to a test question")
    for copy in copies[:_SHOWN]:
        print(f"{copy.similarity:.3f}  {copy.question.id}: {copy.question.text[:60]!r}")
        print(f"       {copy.asked.id}: {copy.asked.text[:60]!r}")
