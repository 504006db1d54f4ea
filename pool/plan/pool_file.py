"""Writes a copy of a pool file with the endpoints of a plan's servers."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence

from smacs.errors import InputError
from smacs.pool.launch.table import EMBEDDER

_ENDPOINT = re.compile(r"^\s*endpoints?\s*=")
_TABLE = re.compile(r"^\s*\[")


def with_endpoints(text: str, urls: Mapping[str, Sequence[str]]) -> str:
    """The text of a pool file with the endpoints of each LLM, and of "embedder", in place of its own; comments stay.

    Raises:
        InputError: an LLM has no table of its own, `[llms.NAME]`.
    """
    lines: list[str] = []
    current: str | None = None
    found: set[str | None] = set()
    for line in text.splitlines():
        if _TABLE.match(line):
            current = _name(line)
        known = urls.get(current) if current else None
        if known and _ENDPOINT.match(line):
            continue
        lines.append(line)
        if known and _TABLE.match(line):
            found.add(current)
            lines.append(_endpoint(known))
    if missing := set(urls) - found:
        raise InputError(f"expected a table [llms.{json.dumps(min(missing))}] in the pool file, for its endpoint")
    return "\n".join(lines) + "\n"


def _name(line: str) -> str | None:
    """The LLM whose table begins here, "embedder", or None for another table."""
    try:
        table = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    if table == {"embedder": {}}:
        return EMBEDDER
    llms = table.get("llms", {})
    name, content = next(iter(llms.items()), (None, None)) if isinstance(llms, dict) else (None, None)
    return name if content == {} else None


def _endpoint(urls: Sequence[str]) -> str:
    return f"endpoint = {json.dumps(urls[0])}" if len(urls) == 1 else f"endpoints = {json.dumps(list(urls))}"
