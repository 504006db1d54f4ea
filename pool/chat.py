"""`ChatOpenAI` with a fast path: replies are decoded without building an object for every token.

Parsing is what costs with many replies at once: for 500 tokens with log-probabilities `ChatOpenAI` takes about 10
ms of CPU, the typed decoder here about 0.1 ms, because it keeps only (sum, count) of the log-probabilities.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import Field, PrivateAttr

from smacs.pool.transport import post
from smacs.pool.urls import address_of

_NEEDS_OPENAI_CLIENT = ("extra_headers", "extra_query", "timeout")
_NEEDS_FULL_PARSE = ("tools", "functions", "response_format", "modalities", "audio", "stream")


class _Token(msgspec.Struct, gc=False):
    logprob: float


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    id: str = ""
    model: str = ""
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Completion)


class FastChatOpenAI(ChatOpenAI):
    """A `ChatOpenAI` whose plain replies carry reduced log-probabilities.

    Everything else (streaming, callbacks, tracing, tools, structured output, `n`) is `ChatOpenAI`'s own. A reply of
    the fast path has `response_metadata["logprob_sum"]` (natural logarithm, summed over the generated tokens;
    absent where the endpoint sent none) and `["logprob_count"]` in place of `["logprobs"]`, and the endpoint's
    reasoning field, which `ChatOpenAI` drops, in `additional_kwargs["reasoning_content"]`. With a `session` it also
    bypasses the openai client's transport. Raises `msgspec.DecodeError` when the body is no chat completion.
    """

    session: Any = Field(default=None, exclude=True)
    """An aiohttp session of the event loop it is used in (see `smacs.pool.transport`); None: the openai client."""

    owner: Any = Field(default=None, exclude=True, repr=False)
    """Who closes the session when it goes: it stays as long as this does."""

    address: Any = Field(default=None, exclude=True, repr=False)
    """The `Address` of its server, whose login and query `base_url` lacks; None: `base_url` is all."""

    dialect: Any = Field(default=None, exclude=True, repr=False)
    """The `Dialect` of the LLM: how its servers want to be asked; None: as `ChatOpenAI` does."""

    _headers: dict[str, str] | None = PrivateAttr(default=None)

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = self._plain_payload(*args, **kwargs)
        return payload if self.dialect is None else self.dialect.put(payload)

    def _plain_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(*args, **kwargs)
        if "max_completion_tokens" in payload:  # OpenAI's newer name, which many open servers do not know
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._plain_payload(messages, stop=stop, **kwargs)
        if self._use_responses_api(payload) or any(payload.get(key) for key in _NEEDS_FULL_PARSE):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        ask = self._post if self.dialect is None else partial(self.dialect.ask, post=self._post)
        return chat_result(await ask(payload))

    @property
    def headers(self) -> dict[str, str]:
        """What every request of our own transport has; the login of the address among it."""
        if self._headers is None:
            client = self.root_async_client
            headers = {
                **client.auth_headers,
                **client.default_headers,
                **(self.address.headers if self.address else {}),
            }
            self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        return self._headers

    async def _post(self, payload: Mapping[str, Any]) -> bytes:
        """The body of the reply: over our own transport, or the openai client where that has to do more."""
        if self.session is None or any(payload.get(key) for key in _NEEDS_OPENAI_CLIENT):
            raw = await self.async_client.with_raw_response.create(**payload)
            content: bytes = raw.http_response.content
            return content
        body = {key: value for key, value in payload.items() if key != "extra_body"} | (payload.get("extra_body") or {})
        address = self.address or address_of(str(self.root_async_client.base_url))
        url, retries = address.at("/chat/completions"), self.root_async_client.max_retries
        return await post(self.session, url, self.headers, body, retries=retries)

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        result = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or [{}]
        delta = choices[0].get("delta") or {}
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if result is not None and thinking:
            result.message.additional_kwargs["reasoning_content"] = thinking
        return result


def chat_result(body: bytes) -> ChatResult:
    """The body of a reply. Raises `msgspec.DecodeError` when it is no chat completion."""
    completion = _decoder.decode(body)
    usage = completion.usage or _Usage()
    tokens = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    generations = [_generation(choice, completion) for choice in completion.choices]
    if len(generations) == 1:
        message = generations[0].message
        assert isinstance(message, AIMessage)
        message.usage_metadata = UsageMetadata(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
        )
    return ChatResult(generations=generations, llm_output={"token_usage": tokens, "model_name": completion.model})


def _generation(choice: _Choice, completion: _Completion) -> ChatGeneration:
    metadata: dict[str, Any] = {
        "model_name": completion.model,
        "model_provider": "openai",
        "finish_reason": choice.finish_reason,
        "id": completion.id,
    }
    if choice.logprobs is not None and choice.logprobs.content:
        metadata["logprob_sum"] = sum([token.logprob for token in choice.logprobs.content])
        metadata["logprob_count"] = len(choice.logprobs.content)
    thinking = choice.message.reasoning_content or choice.message.reasoning
    message = AIMessage(
        content=choice.message.content or "",
        additional_kwargs={"reasoning_content": thinking} if thinking else {},
        response_metadata=metadata,
    )
    return ChatGeneration(message=message, generation_info={"finish_reason": choice.finish_reason})
