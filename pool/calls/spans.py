"""Spans of calls to models, by OpenTelemetry's conventions for generative AI; our own attributes begin with `smacs.`.

Prompts and replies are recorded only where OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT asks for it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.config import EmbedderSpec, LLMSpec
from smacs.pool.prompts import Message
from smacs.telemetry import NOTHING, Span, collected, current, span

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ON = ("true", "span_only", "span_and_event")
_SENT = ("temperature", "max_tokens", "presence_penalty", "frequency_penalty", "top_p", "seed")


def chat_span(llm: str, spec: LLMSpec, messages: Sequence[Message], options: Mapping[str, Any]) -> Span:
    """The span of one call of an LLM."""
    if not collected():
        return NOTHING
    model = spec.model or llm
    known = {f"gen_ai.request.{name}": options[name] for name in _SENT if name in options}
    n = options.get("n", 1)
    attributes = {"gen_ai.request.choice.count": n if n > 1 else None, "smacs.llm": llm, "smacs.n": n, **known}
    if _captured():
        attributes["gen_ai.input.messages"] = json.dumps([_part(m["role"], m["content"]) for m in messages])
    return span(f"chat {model}", "CLIENT", **_model("chat", model), **attributes)


def record_result(open_span: Span, result: Reply | Failure) -> None:
    """Record how a call ended."""
    if not open_span.recorded:
        return
    if isinstance(result, Failure):
        open_span.fail(result.kind)
        return
    attributes: dict[str, Any] = {
        "gen_ai.usage.input_tokens": result.prompt_tokens,
        "gen_ai.usage.output_tokens": result.completion_tokens,
        "gen_ai.response.finish_reasons": [choice.finish for choice in result.choices],
    }
    if _captured():
        attributes["gen_ai.output.messages"] = json.dumps(list(map(_output, result.choices)))
    open_span.set(**attributes)


def embedding_span(spec: EmbedderSpec, texts: int) -> Span:
    """The span of one embedding of `texts` texts."""
    if not collected():
        return NOTHING
    own = {"smacs.texts": texts, "gen_ai.embeddings.dimension.count": spec.dimension}
    return span(f"embeddings {spec.model}", "CLIENT", **_model("embeddings", spec.model), **own)


def record_attempt(url: str) -> None:
    """Record where the open call is being sent, and how often it has been sent."""
    here = current()
    if here is None:
        return
    parts = urlsplit(url)
    here.set(**{"server.address": parts.hostname, "server.port": parts.port})
    here.count("smacs.attempt")


def _model(operation: str, model: str) -> dict[str, str]:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",  # by the conventions, any endpoint that speaks its language
        "gen_ai.request.model": model,
    }


def _captured() -> bool:
    return os.environ.get(CAPTURE, "").strip().lower() in _ON


def _part(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _output(choice: Choice) -> dict[str, Any]:
    thinking = [{"type": "reasoning", "content": choice.reasoning}] if choice.reasoning else []
    said = {"type": "text", "content": choice.text}
    return {"role": "assistant", "parts": [*thinking, said], "finish_reason": choice.finish}
