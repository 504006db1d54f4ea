"""How long a context window is, and how much of it a prompt takes.

A server gives out its window in its list of models, or where else its kind of server says it. Prompts are counted
without a tokenizer: every LLM has its own, and the endpoint does not share it. The estimate errs on the high side: a
letter run counts a token for each four letters begun, and digits, punctuation and scripts without spaces count a token
a character.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from smacs.pool.calls.urls import Address

LIMIT = 3.0  # seconds for each answer
_SIZE = 4_000_000  # bytes: hosted APIs list hundreds of models
_NAMES = (
    "max_model_len",  # vLLM, SGLang
    "loaded_context_length",  # LM Studio: what is loaded, not what the model could
    "context_length",  # Together, OpenRouter, Fireworks, Ollama's /api/ps
    "context_window",  # Groq
    "max_context_length",  # Mistral
    "max_context_tokens",
    "context_size",
    "max_total_tokens",  # TGI's /info
    "n_ctx",  # llama.cpp
)
_NESTED = ("metadata", "meta", "limits", "capabilities", "top_provider", "default_generation_settings", "model_info")
_PIECE = re.compile(r"[A-Za-z]{1,4}|[^\S\n]*\n+|[^\sA-Za-z]")
_MESSAGE = 8  # role markers of a chat template


async def served_window(session: ClientSession, address: Address, headers: Mapping[str, str], model: str) -> int | None:
    """Tokens in the window of `model`, as the server at `address` reports it; None if it does not, or not in time."""
    listed = await _get(session, address.at("/models"), headers)
    entry = _entry(listed, model)
    if entry is None:
        return None
    own = _window_in(entry)
    for path in _further(entry):
        further = await _get(session, address.at(path, root=True), headers)
        if (found := _window_in(_entry(further, model) or further)) is not None:
            return found if own is None else min(own, found)
    return own or _trained(entry)


def _further(entry: Mapping[str, Any]) -> Iterator[str]:
    """Where the server reports more: the owner gives away what kind of server it is."""
    owner = entry.get("owned_by")
    if owner == "llamacpp" or "n_ctx_train" in (entry.get("meta") or {}):
        yield "/props"
    elif owner == "library":
        yield "/api/ps"  # Ollama
    elif owner == "organization_owner":
        yield "/api/v0/models"  # LM Studio
    elif owner is not None and owner == entry.get("id"):
        yield "/info"  # TGI


def _entry(listed: Any, model: str) -> Mapping[str, Any] | None:
    """The model's entry, or the only one; some servers return a bare list."""
    found = listed
    if isinstance(listed, dict):
        found = listed.get("data") or listed.get("models")
    entries = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    names = ("id", "name", "model", "root")
    same = [each for each in entries if any(_is_named(each.get(name), model) for name in names)]
    return next(iter(same), entries[0] if len(entries) == 1 else None)


def _is_named(name: Any, model: str) -> bool:
    return isinstance(name, str) and model in (name, name.removeprefix("models/"), name.removesuffix(":latest"))


def _window_in(entry: Any) -> int | None:
    """The first of the known names, in the entry or one level down."""
    if not isinstance(entry, dict):
        return None
    tables = [entry, *(entry[name] for name in _NESTED if isinstance(entry.get(name), dict))]
    found = (_tokens(table.get(name)) for name in _NAMES for table in tables)
    return next((number for number in found if number), None)


def _trained(entry: Mapping[str, Any]) -> int | None:
    """What llama.cpp says the model was trained for: the most that it can serve."""
    meta = entry.get("meta")
    return _tokens(meta.get("n_ctx_train")) if isinstance(meta, dict) else None


def _tokens(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value < 10**9 else None


async def _get(session: ClientSession, url: str, headers: Mapping[str, str]) -> Any:
    """The JSON at `url`; None if there is none, for whatever reason: the window is learned in another way then."""
    asked = ClientTimeout(total=LIMIT)
    try:
        async with session.get(url, headers=headers, timeout=asked, allow_redirects=False) as reply:
            body = await reply.content.read(_SIZE) if reply.status == 200 else b"null"
            while not reply.content.at_eof() and len(body) < _SIZE:
                body += await reply.content.read(_SIZE - len(body))
        return orjson.loads(body)
    except (ClientError, OSError, TimeoutError, ValueError):
        return None


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has; rarely fewer than it really has."""
    return sum(1 for _ in _PIECE.finditer(text))


def at_most_tokens(messages: Sequence[dict[str, str]]) -> int:
    """An upper bound of `estimate_prompt` that costs nothing: no token is shorter than a character."""
    return sum(len(message["content"]) + _MESSAGE for message in messages)


def estimate_prompt(messages: Sequence[dict[str, str]]) -> int:
    """About how many tokens a list of chat messages has, its template included."""
    return sum(estimate_tokens(message["content"]) + _MESSAGE for message in messages)
