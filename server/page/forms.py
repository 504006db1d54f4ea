"""`GET /v1/settings`: what can be asked, as a form: the models with their settings, and the tasks."""

from typing import Any

from fastapi import APIRouter, Request

from smacs.graph.settings import rules_of
from smacs.graph.systems import SINGLE_LLM
from smacs.pool.prompts import Prompts
from smacs.server.errors import OpenAIRoute

router = APIRouter(route_class=OpenAIRoute)

_TASKS = Prompts.load().tasks


@router.get("/v1/settings", summary="Models with their settings, and tasks")
async def settings(request: Request) -> dict[str, Any]:
    """The models in the order of `/v1/models`, each with the JSON schema of its settings and those that are fixed,
    and the tasks."""
    engine = request.app.state.engine
    return {"models": [_model(engine, name) for name in engine.models()], "tasks": _TASKS}


def _model(engine: Any, name: str) -> dict[str, Any]:
    graph = engine.systems.get(name, engine.systems[SINGLE_LLM])
    return {"id": name, "settings": _schema(engine, graph), "fixed": rules_of(graph).fixed}


def _schema(engine: Any, graph: Any) -> dict[str, Any]:
    """The settings of a graph's runs; who asks an LLM by itself names no LLM among them."""
    schema: dict[str, Any] = graph.context_schema.model_json_schema()
    properties = {name: field for name, field in schema["properties"].items() if name != "llm"}
    return {"properties": properties | _aggregators(engine, properties)}


def _aggregators(engine: Any, properties: dict[str, Any]) -> dict[str, Any]:
    """The choice of an aggregator among the LLMs of the pool, where one is chosen."""
    if "aggregator" not in properties:
        return {}
    named = {"enum": list(engine.pool.llms)}
    return {"aggregator": {**properties["aggregator"], "anyOf": [named, {"type": "null"}]}}
