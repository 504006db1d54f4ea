"""What can be asked: `GET /v1/models`, every system and every LLM of the pool; `GET /v1/settings`, as a form."""

import time
from typing import Any

from fastapi import APIRouter, Request

from smacs.graph.systems import SINGLE_LLM
from smacs.pool.prompts import Prompts
from smacs.server.errors import DOCUMENTED, OpenAIRoute

router = APIRouter(route_class=OpenAIRoute)

_STARTED = int(time.time())
_TASKS = Prompts.load().tasks


@router.get("/v1/models", summary="All models")
async def models(request: Request) -> dict[str, Any]:
    """The models as OpenAI lists them."""
    return {"object": "list", "data": [_model(name) for name in request.app.state.engine.models()]}


@router.get("/v1/models/{name:path}", summary="One model", responses=DOCUMENTED)
async def model(name: str, request: Request) -> dict[str, Any]:
    """One of them; 404 with all names where there is none of this name."""
    request.app.state.engine.expect(name)
    return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _STARTED, "owned_by": "smacs"}


@router.get("/v1/settings", summary="Models with their settings, and tasks")
async def settings(request: Request) -> dict[str, Any]:
    """The models in the order of `/v1/models`, each with the JSON schema of its settings, and the tasks."""
    engine = request.app.state.engine
    return {"models": [{"id": name, "settings": _schema(engine, name)} for name in engine.models()], "tasks": _TASKS}


def _schema(engine: Any, model: str) -> dict[str, Any]:
    """The settings of a model. An LLM by itself has no setting `llm`: its name says which."""
    graph = engine.systems.get(model, engine.systems[SINGLE_LLM])
    schema: dict[str, Any] = graph.context_schema.model_json_schema()
    properties = {name: field for name, field in schema["properties"].items() if name != "llm"}
    return {"properties": properties | _aggregators(engine, properties)}


def _aggregators(engine: Any, properties: dict[str, Any]) -> dict[str, Any]:
    """The setting `aggregator` as a choice among the LLMs of the pool, where there is one."""
    if "aggregator" not in properties:
        return {}
    named = {"enum": list(engine.pool.llms)}
    return {"aggregator": {**properties["aggregator"], "anyOf": [named, {"type": "null"}]}}
