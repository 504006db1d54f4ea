"""Who owns what on LangGraph's server: `auth` of `langgraph.json`.

The guard, further out, has checked the key already. Here threads, runs, assistants, crons and store items become the
property of the key that made them: no other key can find, read, change or delete them. The assistants that LangGraph
makes for the graphs may be read by all. Without keys everything belongs to everybody.
"""

from collections.abc import MutableMapping
from typing import Any

from langgraph_sdk import Auth

from smacs.server import app as server

OWNER = "owner"  # in the metadata of what somebody owns
NOBODY = ""  # the identity where no key is needed; no key has this name
EVERYBODYS = {"created_by": "system"}

auth = Auth()


@auth.authenticate
async def authenticate(scope: dict[str, Any]) -> Auth.types.MinimalUserDict:
    """The name of the key that the guard has found."""
    key = scope.get("state", {}).get("key")
    return {"identity": key.name if key is not None else NOBODY}


@auth.on
async def own(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Allow only what the key owns; what it makes or changes becomes, and stays, its own."""
    if ctx.user.identity == NOBODY:
        return None
    mine = {OWNER: ctx.user.identity}
    if ctx.action in ("create", "update", "create_run"):
        _sign(value, mine)
    return mine


@auth.on.assistants
async def own_assistants(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """As `own`, and those of the graphs may be read."""
    mine = await own(ctx, value)
    if mine and ctx.action in ("read", "search"):
        return {"$or": [mine, EVERYBODYS]}
    return mine


@auth.on.threads.create_run
async def own_run(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """As `own`; past a limit of the key there is no run."""
    gate = server.app.state.gate
    refusal = await gate.refusal(ctx.user.identity) if gate and ctx.user.identity != NOBODY else None
    if refusal is not None:
        raise Auth.exceptions.HTTPException(429, refusal.message, refusal.headers)
    return await own(ctx, value)


@auth.on.store
async def own_items(ctx: Auth.types.AuthContext, value: Any) -> None:
    """Each key has a namespace of its own, `key~NAME`, that all of its namespaces are in."""
    if ctx.user.identity == NOBODY:
        return
    own = f"key~{ctx.user.identity.replace('.', '~')}"  # a namespace has no dots, the name of a key no tilde
    namespace = tuple(value.get("namespace") or ())
    value["namespace"] = namespace if namespace[:1] == (own,) else (own, *namespace)


def _sign(value: MutableMapping[str, Any], mine: dict[str, str]) -> None:
    """Put the owner into the metadata, over whatever the client has put there."""
    metadata = value.get("metadata")
    if metadata is None:
        metadata = value["metadata"] = {}
    metadata.pop("created_by", None)
    metadata.update(mine)
