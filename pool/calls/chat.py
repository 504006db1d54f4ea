"""`ChatOpenAI` with a fast path: replies are decoded without building an object for every token.

With many replies at once it is parsing that takes the time: for 500 tokens with log-probabilities `ChatOpenAI` needs
about 10 ms of CPU, the typed decoder here about 0.1 ms, because it keeps only (sum, count) of the log-probabilities.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import Field, PrivateAttr

from smacs.pool.calls.completion import LEAST_MEAN, Completion, CompletionChoice, TokenUsage, read_completion
from smacs.pool.calls.transport import MOST_BYTES, post
from smacs.pool.calls.urls import address_of

_NEEDS_OPENAI_CLIENT = ("extra_headers", "extra_query", "timeout")
_NEEDS_FULL_PARSE = ("tools", "functions", "response_format", "modalities", "audio", "stream")


class FastChatOpenAI(ChatOpenAI):
    """A `ChatOpenAI` whose plain replies carry reduced log-probabilities.

    Everything else (streaming, callbacks, tracing, tools, structured output, `n`) is `ChatOpenAI`'s own. A reply of
    the fast path has `response_metadata["logprob_sum"]` (natural logarithm, summed over the generated tokens;
    absent where the endpoint sent none) and `["logprob_count"]` in place of `["logprobs"]`, and the endpoint's
    reasoning field, which `ChatOpenAI` drops, in `additional_kwargs["reasoning_content"]`. With a `session` it also
    bypasses the openai client's transport. More choices than were asked for, and what cannot be read, are left out and
    said in the first message's `response_metadata["left_out"]`. Raises `Unreadable` (pool.calls.completion) when the
    body is no chat completion, and the openai client's errors also for an error inside a reply of status 200.
    """

    session: Any = Field(default=None, exclude=True)
    """An aiohttp session of the event loop it is used in (`smacs.pool.calls.transport`); None: the openai client."""

    owner: Any = Field(default=None, exclude=True, repr=False)
    """Who closes the session when it goes: it stays as long as this does."""

    address: Any = Field(default=None, exclude=True, repr=False)
    """The `Address` of its server, whose login and query `base_url` lacks; None: `base_url` is all."""

    dialect: Any = Field(default=None, exclude=True, repr=False)
    """The `Dialect` of the LLM: how its servers want to be asked; None: as `ChatOpenAI` does."""

    most_bytes: int = Field(default=MOST_BYTES, exclude=True)
    """Bytes of a reply after decompression; a longer one is not read. Holds for calls over the session."""

    _headers: dict[str, str] | None = PrivateAttr(default=None)

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = self._plain_payload(*args, **kwargs)
        return payload if self.dialect is None else self.dialect.translate(payload)

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
        return await (self._ask(payload) if self.dialect is None else self.dialect.ask(payload, self._ask))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request over our own transport, the login of the address included."""
        if self._headers is None:
            client = self.root_async_client
            headers = {
                **client.auth_headers,
                **client.default_headers,
                **(self.address.headers if self.address else {}),
            }
            self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        return self._headers

    async def _ask(self, payload: Mapping[str, Any]) -> ChatResult:
        """The reply over our own transport, or over the openai client where more is asked for than ours can do."""
        read = partial(chat_result, n=payload.get("n") or 1)
        if self.session is None or any(payload.get(key) for key in _NEEDS_OPENAI_CLIENT):
            raw = await self.async_client.with_raw_response.create(**payload)
            return read(raw.http_response.content)
        body = {key: value for key, value in payload.items() if key != "extra_body"} | (payload.get("extra_body") or {})
        address = self.address or address_of(str(self.root_async_client.base_url))
        url, retries = address.at("/chat/completions"), self.root_async_client.max_retries
        return await post(self.session, url, self.headers, body, retries=retries, read=read, most=self.most_bytes)

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


def chat_result(body: bytes, n: int = 1) -> ChatResult:
    """The first `n` choices of a reply. Raises Unreadable, or an openai.APIStatusError that the reply holds."""
    completion, notes = read_completion(body, n)
    usage = completion.usage or TokenUsage()
    tokens = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    generations = [_generation(choice, completion, notes) for choice in completion.choices]
    if notes:
        generations[0].message.response_metadata["left_out"] = list(dict.fromkeys(notes))
    if len(generations) == 1:
        message = generations[0].message
        assert isinstance(message, AIMessage)
        message.usage_metadata = UsageMetadata(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
        )
    return ChatResult(generations=generations, llm_output={"token_usage": tokens, "model_name": completion.model or ""})


def _generation(choice: CompletionChoice, completion: Completion, notes: list[str]) -> ChatGeneration:
    metadata: dict[str, Any] = {
        "model_name": completion.model or "",
        "model_provider": "openai",
        "finish_reason": choice.finish_reason,
        "id": completion.id or "",
    }
    if choice.logprobs is not None and choice.logprobs.content:
        count = len(choice.logprobs.content)
        total = min(sum([token.logprob for token in choice.logprobs.content]), 0.0)
        if total / count < LEAST_MEAN:
            notes.append(f"its log-probabilities are left out (their mean is {total / count:.0f})")
        else:
            metadata |= {"logprob_sum": total, "logprob_count": count}
    said = choice.message
    more = {"reasoning_content": said.thinking, "refusal": said.refusal}
    message = AIMessage(
        content=said.content or "",
        additional_kwargs={name: text for name, text in more.items() if text},
        response_metadata=metadata,
    )
    return ChatGeneration(message=message, generation_info={"finish_reason": choice.finish_reason})
