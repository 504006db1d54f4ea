"""A llama.cpp server as a process: `python -m smacs.pool.launch.engines.llamacpp_server --model FILE --alias NAME ...`.

It speaks the OpenAI protocol on 127.0.0.1 and nowhere else. The engine is `xllamacpp`.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from functools import reduce
from typing import Any

from smacs.pool.launch import lifeline

HOST = "127.0.0.1"
PROMPT_CACHE_MIB = 256  # the engine's own limit is 8 GiB a server
QUIET = 2


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until killed, or with `--lifeline` until stdin ends."""
    arguments = _parse(argv)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if arguments.lifeline:
        lifeline.hold()
    server = _start(arguments)
    print(f"serving at {server.listening_address}", file=sys.stderr, flush=True)
    threading.Event().wait()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m smacs.pool.launch.engines.llamacpp_server", description=__doc__)
    parser.add_argument("--model", required=True, help="the GGUF file")
    parser.add_argument("--alias", required=True, help="name that clients know it by")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, default=4096, help="tokens of one request, prompt and reply")
    parser.add_argument("--slots", type=int, default=4, help="requests served at once")
    parser.add_argument("--threads", type=int, help="default: all cores")
    parser.add_argument("--options", type=json.loads, default={}, help="further CommonParams, as JSON")
    parser.add_argument("--lifeline", action="store_true", help="exit when stdin ends before it said '+'")
    return parser.parse_args(argv)


def _start(arguments: argparse.Namespace) -> Any:
    # The engine's threads spin while they wait for each other. Several servers on the same cores then take each other's
    # time, and are ten times as slow; asleep, they are not.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = arguments.model
    params.model_alias = {arguments.alias}
    params.hostnames = [HOST]
    params.port = arguments.port
    params.cors_origins = ""
    params.ui = False
    params.verbosity = QUIET
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.n_parallel = arguments.slots
    params.n_ctx = arguments.context * arguments.slots
    params.fit_params = False
    if arguments.threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = arguments.threads
    for name, value in arguments.options.items():
        _set(params, name, value)
    try:
        return Server(params)
    except RuntimeError as error:
        sys.exit(f"llama.cpp could not serve {arguments.model} on port {arguments.port}: {error}")


def _set(params: Any, name: str, value: Any) -> None:
    *path, last = name.split(".")
    try:
        owner = reduce(getattr, path, params)
        getattr(owner, last)
        setattr(owner, last, value)
    except (AttributeError, TypeError, ValueError) as error:
        sys.exit(f"`options` of the pool file: {name} = {value!r} is refused by llama.cpp: {error}")


if __name__ == "__main__":
    main()
