"""`entries.js`: what the page has to know about each system, written from the systems' own entries."""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from smacs.graph.system import System
from smacs.graph.systems import SINGLE_LLM, systems

NAME = "entries.js"


@cache
def entries() -> str:
    """The module: all systems that are models by name, and how an LLM answers alone."""
    shown = {name: _shown(system) for name, system in systems().items()}
    alone = shown.pop(SINGLE_LLM)
    constants = {"SINGLE_LLM": SINGLE_LLM, "ALONE": alone, "SYSTEMS": shown}
    return "".join(f"export const {name} = {json.dumps(value)};\n" for name, value in constants.items())


def respond(files: StaticFiles, scope: Scope) -> Response:
    """The module, or that it has not changed."""
    etag = f'"{hashlib.sha256(entries().encode()).hexdigest()}"'
    response = Response(entries(), headers={"etag": etag}, media_type="text/javascript")
    if files.is_not_modified(response.headers, Headers(scope=scope)):
        return NotModifiedResponse(response.headers)
    return response


def _shown(system: System) -> dict[str, Any]:
    ranking = asdict(system.ranking)
    return {"title": system.title, "says": system.says, "steps": system.steps, "ranking": ranking}
