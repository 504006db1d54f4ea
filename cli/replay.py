"""`smacs replay`: a run once more from its trace, without calling any LLM."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smacs.cli.console import print_json, say
from smacs.cli.options import BankOption, PoolOption
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.graph.trace import Trace

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another setting, for example lam=0. May be repeated."),
]


def replay(
    trace: Annotated[Path, typer.Argument(help="The JSON of `smacs ask --json`; `-`: read it from stdin.")],
    pool: PoolOption = "local",
    bank: BankOption = None,
    settings: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer with its whole trace as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables on stderr.")] = False,
) -> None:
    """Replay a run from its trace: the same scores and the same winner, or what other settings would have chosen."""
    from smacs.cli.board import Board
    from smacs.graph.replay import compare

    recorded = _read(trace)
    result = asyncio.run(_replay(recorded, pool, bank, _pairs(settings or ())))
    if as_json:
        print_json({"system": recorded.system, **result})
        return
    board = Board(quiet=quiet)
    board.tables(result)
    board.replayed(compare(recorded, result))
    say(result["answer"])


async def _replay(trace: "Trace", pool: str, bank: str | None, settings: dict[str, str]) -> dict[str, Any]:
    from smacs.graph.replay import replay_trace as run_again
    from smacs.pool.pool import Pool

    loaded = Pool.load(pool)
    try:
        return await run_again(trace, pool=loaded, bank=bank, settings=settings)
    finally:
        await loaded.aclose()


def _read(path: Path) -> "Trace":
    import orjson

    from smacs.graph.trace import read_trace

    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return read_trace(orjson.loads(content))
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"The trace {path} cannot be read: {error}.") from error


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """Setting -> value, both as text. Raises InputError."""

    parts = [text.partition("=") for text in given]
    for name, equals, value in parts:
        if not equals or not name or not value:
            raise InputError(f"--set: expected NAME=VALUE, for example lam=0; got {''.join((name, equals, value))!r}.")
    return {name: value for name, _, value in parts}
