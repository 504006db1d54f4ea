"""`GET /v1/models`: every system and every LLM of the pool."""

import time
from typing import Any

from fastapi import APIRouter, Request

from smacs.server.errors import DOCUMENTED, OpenAIRoute

router = APIRouter(route_class=OpenAIRoute)

_STARTED = int(time.time())


@router.get("/v1/models", summary="All models")
async def models(request: Request) -> dict[str, Any]:
    """The models as OpenAI lists them."""
    return {"object": "list", "data": [_model(name) for name in request.app.state.engine.models()]}


@router.get("/v1/models/{name:path}", summary="One model", responses=DOCUMENTED)
async def model(name: str, request: Request) -> dict[str, Any]:
    """One of them; 404 with the names that there are for another."""
    request.app.state.engine.expect(name)
    return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _STARTED, "owned_by": "smacs"}
