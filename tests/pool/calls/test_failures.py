"""Failures in the server's own words, with a hint only where it helps, and never with a key."""

import json
import re
import time
from typing import Any

import openai
import pytest

from smacs.pool.calls.failures import clean, failure_of, said, status_error
from smacs.pool.calls.replies import Failure

KEY = "the-very-secret-key-1234"
CHECK = "check `model`, `sampling` and `extra_body`"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)


def failure(status: int, body: Any, key_env: str | None = "MY_KEY") -> Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = status_error(status, raw)
    return failure_of(error, llm="mine", endpoint="http://here/v1", seconds=1.0, key_env=key_env)


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words", "hint"),
    [
        (
            429,
            error("You exceeded your current quota, please check your plan and billing details."),
            "overloaded",
            "billing details.",
            None,
        ),
        (
            429,
            error("Rate limit reached for requests per minute"),
            "overloaded",
            "Rate limit reached",
            "lower `in_flight`",
        ),
        (429, b"", "overloaded", "HTTP 429", "lower `in_flight`"),
        (503, error("Loading model"), "overloaded", "Loading model", "wait until its server has loaded"),
        (503, {"detail": "no healthy upstream"}, "overloaded", "no healthy upstream", "server's log"),
        (500, {"error": "CUDA out of memory"}, "overloaded", "CUDA out of memory", "server's log"),
        (
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "overloaded",
            "Overloaded",
            "lower `in_flight`",
        ),
        (
            401,
            error("Incorrect API key provided"),
            "rejected",
            "Incorrect API key provided",
            "is the key in MY_KEY the right one?",
        ),
        (403, error("Invalid authentication token"), "rejected", "Invalid authentication", "the key in MY_KEY"),
        (403, error("model not allowed for your team"), "rejected", "not allowed", "check `model`"),
        (
            403,
            b"<html><head><title>403 Forbidden</title></head><body><h1>Blocked by WAF</h1></body></html>",
            "rejected",
            "a page of HTML: 403 Forbidden (Blocked by WAF)",
            None,
        ),
        (402, error("Insufficient credits"), "rejected", "Insufficient credits", None),
        (404, {"detail": "Not Found"}, "rejected", "Not Found", "check `endpoint` and `model`"),
        (404, error("The model `x` does not exist."), "rejected", "does not exist", "check `endpoint` and `model`"),
        (400, error("temperature must be below 1"), "rejected", "temperature must be below 1", CHECK),
        (
            422,
            {"detail": [{"loc": ["body", "n"], "msg": "Extra inputs are not permitted"}]},
            "rejected",
            "Extra inputs are not permitted",
            CHECK,
        ),
        (408, error("Request timed out"), "overloaded", "Request timed out", "server's log"),
        (400, [error("Bad")], "rejected", "HTTP 400: Bad", CHECK),
        (400, b"plain words", "rejected", "HTTP 400: plain words", CHECK),
        (400, {"message": {"content": [1]}}, "rejected", "HTTP 400", CHECK),
    ],
)
def test_the_servers_words_come_first_and_a_hint_where_it_helps(
    status: int, body: Any, kind: str, words: str, hint: str | None
) -> None:
    result = failure(status, body)
    assert (result.kind, words in result.message) == (kind, True), result.message
    assert (hint or "") in result.message
    assert (";" in result.message.partition(words)[2]) == (hint is not None), result.message


def test_without_a_key_the_hint_says_where_to_name_one() -> None:
    assert "it wants a key: name the variable of its key in `api_key_env`" in failure(401, b"", None).message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"),  # OpenAI, vLLM
        (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),  # vLLM
        (
            400,
            "You passed 4097 input tokens. However, the model's context length is only 4096",
        ),
        (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens)."),  # SGLang
        (400, "Requested token count exceeds the model's maximum context length of 4096 tokens."),
        (400, "Input length (5000 tokens) exceeds the maximum allowed length (4090 tokens)."),
        (
            422,
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2000 `inputs` tokens",
        ),  # TGI
        (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"),
        (400, "the request exceeds the available context size, try increasing it"),  # llama.cpp
        (
            500,
            "the request exceeds the available context size. try to increase it",
        ),
        (400, "input length exceeds maximum context length"),  # Ollama
        (400, "prompt too long; exceeded max context length by 12 tokens"),
        (400, "The number of tokens to keep from the initial prompt is greater than the context length."),  # LM Studio
        (
            400,
            "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded",
        ),
        (
            400,
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        ),  # Mistral
        (400, "Please reduce the length of the messages or completion."),  # Groq
        (
            413,
            "Request too large for model `x`: Limit 6000, Requested 9000, please reduce your message size",
        ),
        (
            429,
            "Request too large: Limit 10000, Requested 12000. The input or output tokens must be reduced",
        ),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),  # Gemini
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),  # Anthropic
        (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
        (
            400,
            "Prompt length (5000) exceeds maximum input length (4096). Set log level to info for details.",
        ),  # TensorRT-LLM
        (500, "The sum of prompt length (5000.0), query length (0) should not exceed max_num_tokens (4096)"),
        (400, "Input is too long for requested model."),  # Bedrock
        (400, "too many tokens: size limit exceeded by 11326 tokens"),  # Cohere
        (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."),  # xAI
        (400, "Invalid request: Your request exceeded model token limit: 8192"),  # Moonshot
        (400, "Range of input length should be [1, 30720]"),  # DashScope
        (400, "Prompt length 5000 is greater than max_seq_len 4096"),  # TabbyAPI
        (400, "the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model"),  # watsonx
        (400, "context window exceeds limit (2013)"),  # MiniMax
    ],
)
def test_every_servers_words_for_a_prompt_that_is_too_long(status: int, words: str) -> None:
    result = failure(status, error(words))
    assert (result.kind, words[:40] in result.message) == ("overflow", True), result.message


def test_a_code_says_it_as_well() -> None:
    assert failure(400, error("Too long.", code="context_length_exceeded")).kind == "overflow"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "Rate limit reached on tokens per min (TPM): Limit 200000, Used 199000, Requested 2000."),
        (429, "Requests have exceeded token rate limit of your current pricing tier"),
        (400, "max_tokens is too large: 100000. This model supports at most 4096 completion tokens"),
        (400, "Unsupported parameter: 'context_length'"),
        (400, "Unrecognized request argument supplied: max_seq_len"),
        (404, "The model with context window 4096 does not exist"),
        (401, "Incorrect API key, see context limits"),
        (413, "Request Entity Too Large"),
    ],
)
def test_other_refusals_are_no_overflow(status: int, words: str) -> None:
    assert failure(status, error(words)).kind != "overflow"


@pytest.mark.parametrize(
    "words",
    [
        f"Incorrect API key provided: {KEY}",
        "Incorrect API key provided: sk-proj-abcdef1234567890",
        "Invalid header Authorization: Bearer abc.def.ghi",
        'got {"api_key": "abcdef123456"}',
        "https://user:hunter2@proxy:8080 refused",
        "GET /v1?api_key=abcdef123456&x=1",
        "bad key gsk_abcdefghij123",
        "bad key AIzaSyA1234567890abcdef",
    ],
)
def test_keys_and_passwords_are_stars(words: str) -> None:
    for status in (400, 401, 403, 404, 429, 500):
        message = failure(status, error(words)).message
        assert "***" in message
        assert not re.search("secret|abcdef|abc\\.def|hunter2|SyA123", message), message


def test_credentials_of_the_endpoints_own_address_are_stars() -> None:
    failure = failure_of(TimeoutError(), llm="mine", endpoint="http://me:hunter2@here/v1", seconds=1.0, key_env=None)
    assert "hunter2" not in failure.message


def test_words_are_one_line_that_steers_no_terminal() -> None:
    assert said(error("a\n\n\x1b[2J\x1b]0;pwned\x07 \u202eb\x00")["error"]) == "a [2J ]0;pwned b"


@pytest.mark.parametrize(
    "unit",
    ["<", "<script>", "<a", "exceed ", "context", "input ", "length ", "sk-", "//", "api key", "\x1b", "&=", "prompt "],
)
def test_words_are_read_in_linear_time(unit: str) -> None:
    """A megabyte takes milliseconds; a quadratic reader would take minutes."""
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    for body in (text, f"<html>{text}"):
        assert len(said(body)) <= 300
        failure(400, error(text))
        clean(body[:2000])
    assert time.process_time() - start < 20


def test_a_lost_connection_says_the_cause() -> None:
    import httpx2

    lost = openai.APIConnectionError(request=httpx2.Request("POST", "http://here/"))
    lost.__cause__ = ConnectionRefusedError(111, "Connect call failed")
    result = failure_of(lost, llm="mine", endpoint="http://here/v1", seconds=0.1, key_env=None)
    assert (result.kind, "Connect call failed" in result.message) == ("unreachable", True)
