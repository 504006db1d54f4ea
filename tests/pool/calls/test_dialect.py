"""The plainest pool file for ten servers, each behind a stand-in that refuses what it refuses, in its own words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import LLMSpec
from tests.support.stand_in import Body, Refuse, endpoint

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 7 times 12?"}]
FOLDED = [{"role": "user", "content": "Be brief.\n\nWhat is 7 times 12?"}]
SAMPLING = {"temperature": 0.7, "presence_penalty": 1.05, "max_tokens": 8192}
PLAIN = {"model", "messages", "stream"}


def openai_error(message: str, param: str | None = None, code: Any = None) -> Body:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def first_of(*rules: Refuse) -> Refuse:
    return lambda body: next((found for rule in rules if (found := rule(body))), None)


def without(name: str, status: int, said: Any) -> Refuse:
    return lambda body: (status, said) if name in body else None


def no_system(status: int, said: Any) -> Refuse:
    return lambda body: (status, said) if any(m["role"] == "system" for m in body["messages"]) else None


def window(tokens: int, status: int, said: Any, name: str = "max_tokens") -> Refuse:
    """A prompt of 20 tokens and what is asked for must fit."""
    return lambda body: (status, said) if body.get(name, 0) + 20 > tokens else None


def at_most_one(status: int, said: Any) -> Refuse:
    return lambda body: (status, said) if body.get("n", 1) > 1 else None


VLLM = window(
    4096,
    400,
    openai_error(
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 "
        "tokens and your request has 20 input tokens (8192 > 4096 - 20).",
        "max_tokens",
        400,
    ),
)
SGLANG = first_of(
    no_system(500, "Internal Server Error"),
    window(
        4096,
        400,
        {
            "object": "error",
            "message": "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested "
            "a total of 8212 tokens: 20 tokens from the input messages and 8192 tokens for the completion.",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    ),
)
TGI = first_of(
    no_system(422, {"error": "Template error: invalid operation: System role not supported", "error_type": "template"}),
    window(
        4096,
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 20 `inputs` "
            "tokens and 8192 `max_new_tokens`",
            "error_type": "validation",
        },
    ),
)
OLLAMA = without("logprobs", 400, openai_error("logprobs is not supported by this model"))
LM_STUDIO = first_of(
    no_system(
        400, {"error": 'Error rendering prompt with jinja template: "Only user and assistant roles are supported!".'}
    ),
    without("logprobs", 400, {"error": "'logprobs' is not supported. Received: true"}),
)
LLAMACPP = first_of(
    without(
        "n", 400, {"error": {"code": 400, "message": "n_cmpl cannot be greater than the number of slots", "type": "x"}}
    ),
    no_system(
        500, {"error": {"code": 500, "message": "Jinja Exception: System role not supported", "type": "server_error"}}
    ),
)
MISTRAL = first_of(
    *(
        without(
            name,
            422,
            {
                "object": "error",
                "message": {
                    "detail": [
                        {
                            "type": "extra_forbidden",
                            "loc": ["body", name],
                            "msg": "Extra inputs are not permitted",
                            "input": 7,
                        }
                    ]
                },
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            },
        )
        for name in ("seed", "logprobs", "top_logprobs")
    )
)
GROQ = first_of(
    at_most_one(400, openai_error("'n' : number must be at most 1")),
    without("logprobs", 400, openai_error("`logprobs` is not supported with this model")),
    lambda body: (
        (
            400,
            openai_error(
                "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens` is less than "
                "the `context_window` for this model",
                "max_tokens",
            ),
        )
        if body.get("max_tokens", 0) > 4096
        else None
    ),
)


def gemini(body: Body) -> tuple[int, Any] | None:
    unknown = [name for name in ("presence_penalty", "seed", "logprobs", "top_logprobs") if name in body]
    if not unknown:
        return None
    lines = [f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.' for name in unknown]
    violations = [{"description": line} for line in lines]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    error = {"code": 400, "message": "\n".join(lines), "status": "INVALID_ARGUMENT", "details": details}
    return 400, [{"error": error}]


def unsupported(name: str, more: str = "") -> Refuse:
    said = f"Unsupported parameter: '{name}' is not supported with this model.{more}"
    return without(name, 400, openai_error(said, name, "unsupported_parameter"))


OPENAI = first_of(
    unsupported("max_tokens", " Use 'max_completion_tokens' instead."),
    without(
        "temperature",
        400,
        openai_error(
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is "
            "supported.",
            "temperature",
            "unsupported_value",
        ),
    ),
    unsupported("presence_penalty"),
    unsupported("logprobs"),
)
EVERYTHING = {"temperature", "presence_penalty", "max_tokens", "n", "seed", "logprobs", "top_logprobs"}
NO_LOGPROBS = EVERYTHING - {"logprobs", "top_logprobs"}


@pytest.mark.parametrize(
    ("refuse", "left", "messages", "said"),
    [
        pytest.param(VLLM, EVERYTHING, ASKED, ["context = 4096"], id="vLLM"),
        pytest.param(SGLANG, EVERYTHING, FOLDED, ["system_role = false", "context = 4096"], id="SGLang"),
        pytest.param(TGI, EVERYTHING, FOLDED, ["system_role = false", "context = 4096"], id="TGI"),
        pytest.param(OLLAMA, NO_LOGPROBS, ASKED, ['leave_out = ["logprobs"]'], id="Ollama"),
        pytest.param(LM_STUDIO, NO_LOGPROBS, FOLDED, ["system_role = false", '["logprobs"]'], id="LM Studio"),
        pytest.param(LLAMACPP, EVERYTHING - {"n"}, FOLDED, ['["n"]', "system_role = false"], id="llama.cpp"),
        pytest.param(MISTRAL, NO_LOGPROBS - {"seed"}, ASKED, ['["seed"]', '["logprobs"]'], id="Mistral"),
        pytest.param(
            GROQ, NO_LOGPROBS - {"n"}, ASKED, ['["n"]', '["logprobs"]', "sampling.max_tokens = 4096"], id="Groq"
        ),
        pytest.param(
            gemini, NO_LOGPROBS - {"presence_penalty", "seed"}, ASKED, ['["presence_penalty"]', '["seed"]'], id="Gemini"
        ),
        pytest.param(
            OPENAI,
            {"max_completion_tokens", "n", "seed"},
            ASKED,
            [
                'rename = { max_tokens = "max_completion_tokens" }',
                '["temperature"]',
                '["presence_penalty"]',
                '["logprobs"]',
            ],
            id="OpenAI",
        ),
    ],
)
async def test_the_plainest_pool_file_works(
    refuse: Refuse, left: set[str], messages: Sequence[Body], said: Sequence[str]
) -> None:
    """Three answers come, what was learned is said once, and the next call sends what is taken at the first try."""
    async with endpoint(refuse) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        first = await llm.call(ASKED, n=3, logprobs=True, seed=7, sampling=SAMPLING)
        assert isinstance(first, Reply), first
        assert [choice.text for choice in first.choices] == ["84"] * 3
        assert server.bodies[-1].keys() - PLAIN == left
        assert server.bodies[-1]["messages"] == messages
        assert all(any(key in note for note in first.learned) for key in said), first.learned
        before = len(server.bodies)
        second = await llm.call(ASKED, n=3, logprobs=True, seed=7, sampling=SAMPLING)
        assert isinstance(second, Reply)
        assert second.learned == ()
        assert len(server.bodies) - before == (1 if "n" in left else 3)
        await llm.aclose()


async def test_single_calls_have_seeds_of_their_own() -> None:
    async with endpoint(at_most_one(400, openai_error("'n' : number must be at most 1"))) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        await llm.call(ASKED, n=3, seed=7)
        assert sorted(body["seed"] for body in server.bodies[1:]) == [7, 8, 9]
        await llm.aclose()


FIELDS = [
    ("presence_penalty", 400, openai_error("Model does not support parameter presencePenalty")),
    ("presence_penalty", 400, openai_error("Argument not supported on this model: presencePenalty")),
    ("presence_penalty", 400, openai_error("Penalty is not enabled for models/gemini-2.5-flash")),
    (
        "presence_penalty",
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "presence_penalty"], "msg": "no"}]},
    ),
    ("presence_penalty", 422, {"object": "error", "message": '{"detail":[{"loc":["body","presence_penalty"]}]}'}),
    ("presence_penalty", 400, {"message": "property 'presence_penalty' is unsupported"}),
    ("presence_penalty", 400, "Unrecognized request argument supplied: presence_penalty"),
    ("temperature", 400, {"error": "temperature must be 1 for this model"}),
    ("temperature", 400, openai_error("invalid temperature: only 1 is allowed for this model")),
    ("seed", 400, openai_error("Unknown parameter: 'seed'.", "seed", "unknown_parameter")),
    ("seed", 400, [{"error": {"code": 400, "message": 'Unknown name "seed": Cannot find field.'}}]),
    ("n", 400, openai_error("Only one candidate can be specified in the current model")),
    ("n", 400, openai_error("Multiple candidates is not enabled for models/gemini-2.0-flash")),
    ("n", 400, {"object": "error", "message": "n must be 1 when using greedy sampling, got 3.", "code": 400}),
    ("n", 422, {"detail": [{"type": "less_than_equal", "loc": ["body", "n"], "msg": "Input should be at most 1"}]}),
    ("logprobs", 400, openai_error("Logprobs is not enabled for models/gemini-2.5-flash")),
    ("logprobs", 501, {"error": {"message": "logprobs is not implemented", "type": "not_supported_error"}}),
    ("logprobs", 500, {"error": {"message": "UnsupportedParamsError: does not support parameters: ['logprobs']"}}),
    ("top_logprobs", 400, openai_error("`top_logprobs` must be between 1 and 20")),
    ("top_k", 400, openai_error("Unrecognized request argument supplied: top_k")),
    ("max_tokens", 400, openai_error("Unknown parameter: max_tokens")),
]


@pytest.mark.parametrize(("name", "status", "said"), FIELDS)
async def test_a_field_that_is_refused_is_left_out_whatever_the_words(name: str, status: int, said: Any) -> None:
    async with endpoint(without(name, status, said)) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0, extra_body={"top_k": 5}))
        reply = await llm.call(ASKED, n=3, logprobs=True, seed=7, sampling=SAMPLING)
        assert isinstance(reply, Reply), reply
        sent = EVERYTHING | {"top_k"}
        assert server.bodies[-1].keys() - PLAIN == sent - {name} - ({"top_logprobs"} if name == "logprobs" else set())
        assert len(server.bodies) == (4 if name == "n" else 2)
        await llm.aclose()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, openai_error("The model `mine` does not exist", "model", "model_not_found")),
        (400, openai_error("Your prompt was flagged; stop asking for the seed of evil at this temperature of debate.")),
        (401, openai_error("Incorrect API key; temperature")),
        (404, {"detail": "Not Found"}),
        (429, openai_error("Rate limit reached for max_tokens")),
    ],
)
async def test_what_is_no_refusal_of_a_field_is_not_asked_again_without_end(status: int, said: Any) -> None:
    async with endpoint(lambda _: (status, said)) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        failure = await llm.call(ASKED, n=3, logprobs=True, seed=7, sampling=SAMPLING)
        assert isinstance(failure, Failure)
        assert len(server.bodies) <= 2
        await llm.aclose()


ROLES = [
    (400, openai_error("System role not supported")),
    (400, openai_error("Developer instruction is not enabled for models/gemma-3-27b-it")),
    (400, openai_error("Conversation roles must alternate user/assistant/user/assistant/...")),
    (400, openai_error("Unsupported value: 'messages[0].role' does not support 'system'.", "messages[0].role")),
    (400, openai_error("'system' is not one of ['user', 'assistant'] - 'messages.0.role'")),
    (400, {"object": "error", "message": "Only user and assistant roles are supported!", "code": 400}),
    (400, openai_error("This model doesn't support system messages. Try again without a system message.")),
    (400, openai_error('messages: Unexpected role "system". Allowed roles are "user" or "assistant"')),
    (422, {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'"}]}),
    (422, {"error": "Template error: System role not supported", "error_type": "template_error"}),
    (500, {"error": {"code": 500, "message": "Exception: System role not supported"}}),
    (500, "Internal Server Error"),
    (500, {"error": "Internal Server Error"}),
    (500, "jinja2.exceptions.TemplateError: x"),
    (500, ""),
]


@pytest.mark.parametrize(("status", "said"), ROLES)
async def test_a_system_message_that_is_refused_goes_before_the_question(status: int, said: Any) -> None:
    async with endpoint(no_system(status, said)) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        reply = await llm.call(ASKED)
        assert isinstance(reply, Reply), reply
        assert server.bodies[-1]["messages"] == FOLDED
        assert any("system_role = false" in note for note in reply.learned)
        await llm.aclose()


async def test_a_500_that_is_not_about_the_system_message_is_tried_without_it_only_once() -> None:
    async with endpoint(lambda _: (500, "Internal Server Error")) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        for _ in range(3):
            assert isinstance(await llm.call(ASKED), Failure)
        assert len(server.bodies) == 4
        assert server.bodies[-1]["messages"] == ASKED
        await llm.aclose()


def chat_error(message: str, **more: Any) -> Body:
    return {"error": {"code": 400, "message": message, **more}}


# fmt: off
WINDOWS = [
    (400, chat_error("This model's maximum context length is 4096 tokens. However, you requested 8212 tokens (20 in "
                     "the messages, 8192 in the completion). Please reduce the length of the messages or completion.")),
    (400, chat_error("This endpoint's maximum context length is 4096 tokens. However, you requested about 8212 tokens "
                     "(20 of text input, 8192 in the output).")),
    (400, chat_error("the request exceeds the available context size, try increasing it", n_ctx=4096,
                     n_prompt_tokens=20)),
    (500, chat_error("request (20 tokens) exceeds the available context size (4096 tokens), try increasing it")),
    (400, chat_error("Trying to keep the first 20 tokens when context the overflows. However, the model is loaded with "
                     "context length of only 4096 tokens, which is not enough.")),
    (400, chat_error("input length and `max_tokens` exceed context limit: 20 + 8192 > 4096, decrease input length")),
    (400, chat_error("Prompt contains 20 tokens and 0 draft tokens, too large for model with 4096 maximum context "
                     "length")),
    (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 20 `inputs` "
                    "tokens and 8192 `max_new_tokens`", "error_type": "validation"}),
    (413, chat_error("Request too large for model `x` in organization `y` on tokens per minute (TPM): Limit 4096, "
                     "Requested 8212, please reduce your message size and try again.")),
    (400, "max_tokens + prompt exceeds max_model_len (4096)"),
    (400, chat_error("Please reduce the length of the messages or completion.", param="messages",
                     type="context_length_exceeded")),
]
# fmt: on


@pytest.mark.parametrize(("status", "said"), WINDOWS)
async def test_a_window_that_is_too_small_is_learned_from_the_error(status: int, said: Any) -> None:
    async with endpoint(window(4096, status, said)) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        reply = await llm.call(ASKED, sampling=SAMPLING)
        assert isinstance(reply, Reply), reply
        assert 2000 < server.bodies[-1]["max_tokens"] <= 4076
        assert any("context = " in note for note in reply.learned)
        await llm.aclose()


OUTPUTS = [
    "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.",
    "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-x",
    "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]",
    "max_tokens for `llama-3.1-8b-instant` must be less than or equal to 4096",
    "This request requires more credits, or fewer max_tokens. You requested up to 8192, but can only afford 4096.",
    "Unable to submit request because it has a maxOutputTokens value of 8192 but the supported range is from 1 "
    "(inclusive) to 4097 (exclusive).",
]


@pytest.mark.parametrize("said", OUTPUTS)
async def test_a_reply_that_may_not_be_as_long_is_asked_for_shorter(said: str) -> None:
    too_long: Refuse = lambda body: (400, openai_error(said, "max_tokens")) if body["max_tokens"] > 4096 else None  # noqa: E731
    async with endpoint(too_long) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        assert isinstance(await llm.call(ASKED, sampling=SAMPLING), Reply)
        assert [body["max_tokens"] for body in server.bodies] == [8192, 4096]
        await llm.aclose()


LISTED = [
    ({"/v1/models": {"data": [{"id": "mine", "max_model_len": 4096}]}}, 4096),
    ({"/v1/models": {"data": [{"id": "other", "max_model_len": 1}, {"id": "mine", "context_window": 4096}]}}, 4096),
    ({"/v1/models": [{"id": "mine", "context_length": 4096}]}, 4096),
    ({"/v1/models": {"data": [{"id": "mine", "max_context_length": 4096}]}}, 4096),
    ({"/v1/models": {"data": [{"id": "x.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 4096}}]}}, 4096),
    (
        {
            "/v1/models": {"data": [{"id": "x.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]},
            "/props": {"default_generation_settings": {"n_ctx": 4096}},
        },
        4096,
    ),
    (
        {
            "/v1/models": {"data": [{"id": "mine", "owned_by": "library"}]},
            "/api/ps": {"models": [{"name": "mine", "model": "mine", "context_length": 4096}]},
        },
        4096,
    ),
    (
        {
            "/v1/models": {"data": [{"id": "mine", "owned_by": "organization_owner"}]},
            "/api/v0/models": {"data": [{"id": "mine", "max_context_length": 32768, "loaded_context_length": 4096}]},
        },
        4096,
    ),
    ({"/v1/models": {"data": [{"id": "mine", "owned_by": "mine"}]}, "/info": {"max_total_tokens": 4096}}, 4096),
    ({"/v1/models": {"data": [{"id": "mine", "max_model_len": None}]}}, 32768),
    ({"/v1/models": {"data": [{"id": "mine", "max_model_len": -5}]}}, 32768),
    ({"/v1/models": {"data": "nonsense"}}, 32768),
    ({}, 32768),
]


@pytest.mark.parametrize(("pages", "tokens"), LISTED)
async def test_the_window_is_what_the_server_says(pages: Mapping[str, Any], tokens: int) -> None:
    async with endpoint(lambda _: None, pages) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        await llm.call(ASKED, sampling=SAMPLING)
        assert llm.window == tokens
        assert server.bodies[0]["max_tokens"] == min(8192, tokens - 64 - 12 - 16)  # template, 12 pieces, two roles
        await llm.aclose()


async def test_the_pool_files_window_wins_and_nothing_is_looked_up_for_it() -> None:
    pages = {"/v1/models": {"data": [{"id": "mine", "max_model_len": 4096}]}}
    async with endpoint(lambda _: None, pages) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, context=9000))
        await llm.call(ASKED, sampling=SAMPLING)
        assert (llm.window, server.paths) == (9000, [])
        await llm.aclose()


async def test_an_error_wins_over_the_pool_file() -> None:
    async with endpoint(VLLM) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, context=9000))
        assert isinstance(await llm.call(ASKED, sampling=SAMPLING), Reply)
        assert llm.window == 4096
        await llm.aclose()


async def test_a_prompt_that_is_longer_than_the_window_is_no_reason_to_ask_again() -> None:
    said = chat_error(
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens."
    )
    async with endpoint(lambda _: (400, said)) as server:
        llm = LLM("mine", LLMSpec(endpoint=server.url, retries=0))
        failure = await llm.call(ASKED, sampling=SAMPLING)
        assert isinstance(failure, Failure)
        assert (failure.kind, llm.window, len(server.bodies)) == ("overflow", 4096, 1)
        await llm.aclose()


async def test_the_pool_file_leaves_out_renames_and_folds() -> None:
    spec = {
        "leave_out": ["presence_penalty", "n", "seed", "logprobs"],
        "rename": {"max_tokens": "max_completion_tokens"},
        "system_role": False,
        "system": "Think.",
    }
    async with endpoint(lambda _: None) as server:
        llm = LLM("mine", LLMSpec.model_validate({"endpoint": server.url, **spec}))
        reply = await llm.call(ASKED, n=2, logprobs=True, seed=7, sampling=SAMPLING)
        assert isinstance(reply, Reply)
        assert (len(reply.choices), reply.completion_tokens, reply.learned) == (2, 2, ())
        assert len(server.bodies) == 2
        for body in server.bodies:
            assert body.keys() - PLAIN == {"temperature", "max_completion_tokens"}
            assert body["messages"] == [{"role": "user", "content": "Think.\n\nBe brief.\n\nWhat is 7 times 12?"}]
        await llm.aclose()


async def test_a_penalty_of_zero_is_not_sent() -> None:
    async with endpoint(lambda _: None) as server:
        spec = {"endpoint": server.url, "sampling": {"presence_penalty": 0, "temperature": 0}}
        llm = LLM("mine", LLMSpec.model_validate(spec))
        await llm.call(ASKED, sampling=SAMPLING)
        assert server.bodies[0].keys() - PLAIN == {"temperature", "max_tokens"}
        await llm.aclose()
