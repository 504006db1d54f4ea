"""`smacs serve`: the pool as an OpenAI-compatible server."""

import signal
import socket
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smacs.cli.console import say
from smacs.cli.options import BankOption
from smacs.errors import InputError, ServerError

if TYPE_CHECKING:
    from uvicorn import Server

PoolOption = Annotated[
    str, typer.Option("--pool", envvar="SMACS_POOL", help="A pool file, or the name of one that ships with SMACS.")
]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", help="File of API keys, see `smacs keys`. Default: nobody needs a key.")
]


AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Another name that the server is known by; without keys it answers to localhost and addresses only. "
        "May be repeated."
    ),
]
AllowOriginOption = Annotated[
    list[str] | None,
    typer.Option(help="Origin whose pages may ask, such as https://chat.example.org; `*`: any. May be repeated."),
]


def _ceiling(option: str, text: str) -> Any:
    return typer.Option(option, min=1, help=text, show_default=False, rich_help_panel="Ceilings of one request")


def serve(
    pool: PoolOption = "local",
    bank: BankOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0: all addresses of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    keys: KeysOption = None,
    allow_host: AllowHostOption = None,
    allow_origin: AllowOriginOption = None,
    max_n: Annotated[int | None, _ceiling("--max-n", "Answers (n). Default: 8.")] = None,
    max_k: Annotated[int | None, _ceiling("--max-k", "Setting k. Default: the size of the pool.")] = None,
    max_candidates: Annotated[int | None, _ceiling("--max-candidates", "Setting n. Default: 64.")] = None,
    max_deadline: Annotated[int | None, _ceiling("--max-deadline", "Seconds of a question. Default: 3600.")] = None,
    max_completions: Annotated[int | None, _ceiling("--max-completions", "Over all LLMs. Default: 256.")] = None,
    max_tokens: Annotated[int | None, _ceiling("--max-tokens", "Completions x max_tokens. Default: 4194304.")] = None,
) -> None:
    """Serve the pool to OpenAI's clients: each system and each LLM is a model. More settings: docs/serve.md."""
    from smacs.exporters import export_spans
    from smacs.pool.pool import Pool

    try:
        from smacs.server import logs
        from smacs.server.app import create_app
        from smacs.server.listen import make_server
        from smacs.server.settings import load_settings
    except ImportError as error:
        raise InputError(f"Serving needs more packages, pip install 'smacs[serve]': {error}") from error
    export_spans()
    logs.configure()
    signal.signal(signal.SIGTERM, _end)
    loaded = Pool.load(pool)
    settings = load_settings(
        keys_file=keys,
        host=host,
        allow_host=allow_host,
        allow_origin=allow_origin,
        max_n=max_n,
        max_k=max_k,
        max_candidates=max_candidates,
        max_deadline=max_deadline,
        max_completions=max_completions,
        max_tokens=max_tokens,
    )
    app = create_app(loaded, bank, settings)
    with bind(host, port) as place, loaded.running(progress=partial(say, err=True)):
        _listen(make_server(app, settings), place)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has its address and does not listen yet. Raises InputError when the address cannot be had."""
    place = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
    except OSError as error:
        place.close()
        raise InputError(
            f"Cannot listen at {host}:{port}: {error.strerror or error}. Choose another --host or --port."
        ) from error
    return place


def _listen(server: "Server", place: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT. Raises ServerError when it cannot begin."""
    try:
        server.run([place])
    except SystemExit:
        if server.started:
            raise
        raise ServerError("The server did not start; its log above says why.") from None


def _end(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM, before the server runs or when it has stopped: end as after an error, so that LLMs are stopped too."""
    raise SystemExit(0)
