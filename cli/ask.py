"""`smacs ask`: one question, answered by the pool."""

import asyncio
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smacs.cli.console import print_json, say
from smacs.cli.options import BankOption, PoolOption, with_settings
from smacs.errors import InputError
from smacs.graph.systems import system_names

if TYPE_CHECKING:
    from smacs.cli.board import Board
    from smacs.nodes.shared.question import QuestionInput
    from smacs.pool.pool import Pool

SystemOption = Annotated[
    str,
    typer.Option(help=f"{', '.join(system_names()[:-1])} or {system_names()[-1]}.", autocompletion=system_names),
]


@with_settings
def ask(
    question: Annotated[str | None, typer.Argument(help="The question; `-` or nothing: read it from stdin.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the question from a file.")] = None,
    pool: PoolOption = "local",
    bank: BankOption = None,
    task: Annotated[str, typer.Option(help="open, math, choice, code or instruction: chooses the prompt.")] = "open",
    system: SystemOption = "smacs",
    system_prompt: Annotated[str, typer.Option(help="A system prompt of your own.")] = "",
    dataset: Annotated[str, typer.Option(help="The bank's data set that the question belongs to, if known.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer with its whole trace as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the run as a page, one file that opens offline.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no tables on stderr.")] = False,
    *,
    settings: dict[str, Any],
) -> None:
    """Ask the pool a question. The answer goes to stdout, progress and tables to stderr."""
    from smacs.cli.board import Board
    from smacs.server.page.single import check_file, write_page

    text = read_question(question, file)
    if html is not None:
        check_file(html)
    board = Board(quiet=quiet)
    asked: QuestionInput = {"question": text, "task": task, "system": system_prompt, "dataset": dataset}
    started = datetime.now(UTC)
    result = run(asked, system=system, pool=pool, bank=bank, settings=settings, board=board)
    from smacs.graph.state import TRACE  # not before: a question or file that cannot be read is said at once

    trace = {"system": system, **{key: result[key] for key in TRACE}}
    if as_json:
        print_json(trace)
    else:
        board.tables(result)
        say(result["answer"])
    if html is not None:
        seconds = (datetime.now(UTC) - started).total_seconds()
        write_page(html, {**trace, "at": started.isoformat(), "seconds": seconds})


def read_question(argument: str | None, file: Path | None) -> str:
    """The question from its argument, a file or stdin. Raises InputError when there is none, or more than one."""

    if file is not None and argument is not None:
        raise InputError("Expected the question once: as an argument or with --file, got both.")
    if file is not None:
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The question file {file} cannot be read: {error}.") from error
    if argument is None and sys.stdin.isatty():
        raise InputError("Expected a question: as an argument, with --file, or on stdin.")
    return sys.stdin.read() if argument in (None, "-") else str(argument)


def run(
    question: "QuestionInput", *, system: str, pool: str, bank: str | None, settings: dict[str, Any], board: "Board"
) -> dict[str, Any]:
    """Answer one question; servers that are started for it are stopped at the end."""
    from smacs.exporters import export_spans
    from smacs.graph.systems import build_system
    from smacs.nodes.shared.question import check_length, read_question
    from smacs.pool.pool import Pool

    export_spans()
    loaded = Pool.load(pool)
    graph = build_system(system, loaded, bank, settings).compile(name=system)
    check_length(read_question(question)["question"], loaded)  # before anything is started for it
    with ExitStack() as stack:
        needed = [settings["llm"]] if "llm" in settings else None
        stack.enter_context(loaded.running(needed, progress=board.server))
        return asyncio.run(_answer(graph, question, loaded, board))


async def _answer(graph: Any, question: "QuestionInput", pool: "Pool", board: "Board") -> dict[str, Any]:
    from smacs.telemetry import span

    result: dict[str, Any] = {}
    try:
        with board, span("ask"):
            async for mode, chunk in graph.astream(question, stream_mode=["custom", "values"]):
                if mode == "custom":
                    board.event(chunk)
                else:
                    result = chunk
    finally:
        await pool.aclose()
    return result
