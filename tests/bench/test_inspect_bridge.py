"""Systems as models and as a solver of Inspect, against the mock."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

from smacs.bench.inspect_bridge.shared_pool import SharedPool, any_started, close_all, shared_pool
from smacs.errors import InputError, NoAnswerError, PoolError
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

pytestmark = [
    pytest.mark.slow,  # each evaluation of Inspect takes half a second
    pytest.mark.skipif(find_spec("inspect_ai") is None, reason="the extra `inspect` is not installed"),
]

MakePool = Callable[..., Pool]
SMALL = {"k": 2, "k_drop": 1, "n": 3}


def model_api() -> Any:
    """Inspect takes a second to import: not before a test needs it."""
    return importlib.import_module("inspect_ai.model")


@pytest.fixture
def make_model(make_pool: MakePool, bank: QuestionBank) -> Callable[..., Any]:
    """The model of a system over two LLMs, of which llm-1 aggregates."""

    def make(system: str = "smacs", *, pool: Pool | None = None, **given: Any) -> Any:
        pool = pool or make_pool(["llm-0", "llm-1"])
        return model_api().get_model(f"smacs/{system}", memoize=False, pool=pool, bank=bank, **SMALL, **given)

    return make


async def test_a_conversation_is_answered(mock: MockServer, make_model: Callable[..., Any]) -> None:
    inspect = model_api()
    talk = [
        inspect.ChatMessageSystem(content="Be brief."),
        inspect.ChatMessageUser(content="Which planet is the largest?"),
        inspect.ChatMessageAssistant(content="Jupiter."),
        inspect.ChatMessageUser(content="And the smallest?"),
    ]
    mock.set("llm-1", text="Mercury, of course.")
    async with make_model() as model:
        output = await model.generate(talk, config=inspect.GenerateConfig(temperature=0.25, max_tokens=33))
    assert output.completion == "Mercury, of course."
    assert list(output.metadata["smacs"]["priors"]) == ["llm-0", "llm-1"]  # llm-0 got more of the bank right
    (body,) = mock.stats().bodies("llm-0")
    messages: Any = body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[0]["content"].startswith("Be brief.")
    assert [message["content"] for message in messages[1:]] == [message.text for message in talk[1:]]
    assert (body["temperature"], body["max_tokens"]) == (0.25, 33)


@pytest.mark.parametrize(("limit", "reason"), [(4, "max_tokens"), (9, "stop")])
async def test_a_cut_answer_says_so(mock: MockServer, make_model: Callable[..., Any], limit: int, reason: str) -> None:
    """The aggregator would write nine tokens."""
    mock.set("llm-1", tokens=9)
    async with make_model() as model:
        output = await model.generate("Which?", config=model_api().GenerateConfig(max_tokens=limit))
    assert output.stop_reason == reason


async def test_every_call_counts_as_usage(mock: MockServer, make_model: Callable[..., Any]) -> None:
    """The mock counts a token for four characters of a prompt, and one for each word of a reply."""
    for name in ("llm-0", "llm-1"):
        mock.set(name, text="one two three")
    async with make_model() as model:
        output = await model.generate("How many words?")
    chats: list[Any] = [seen.json() for seen in mock.stats().received if seen.path.endswith("completions")]
    prompts = sum(sum(len(message["content"]) for message in chat["messages"]) // 4 for chat in chats)
    replies = 3 * (2 + 3)  # two references, three candidates, of three words each
    assert output.usage.input_tokens == prompts
    assert output.usage.output_tokens == replies
    assert output.usage.total_tokens == prompts + replies
    assert output.metadata["smacs"]["usage"]["calls"] == len(chats)


async def test_no_more_questions_at_once_than_the_llm_with_the_fewest_slots_serves(
    mock: MockServer, make_pool: MakePool, make_model: Callable[..., Any]
) -> None:
    mock.set("llm-0", latency=0.02)
    pool = make_pool(["llm-0", "llm-1"], llms={"llm-0": {"in_flight": 50}, "llm-1": {"in_flight": 2}})
    async with make_model(pool=pool) as model, anyio.create_task_group() as group:
        assert model.api.max_connections() == 2
        for number in range(6):
            group.start_soon(model.generate, f"Question {number}?")
    stats = mock.stats()
    assert stats.of("llm-0").requests == 6
    assert stats.of("llm-0").max_in_flight == 2


async def test_when_no_llm_answers_the_sample_gets_the_error(mock: MockServer, make_model: Callable[..., Any]) -> None:
    for name in ("llm-0", "llm-1"):
        mock.set(name, fault="500")
    async with make_model() as model:
        with pytest.raises(NoAnswerError, match="every call failed"):
            await model.generate("Who is there?")


async def test_what_no_system_can_do_is_refused(make_model: Callable[..., Any]) -> None:
    from inspect_ai.tool import ToolInfo

    picture = model_api().ContentImage(image="data:image/png;base64,AAAA")
    async with make_model() as model:
        with pytest.raises(InputError, match="smacs/smacs calls no tools, got bash"):
            await model.generate("List the files.", tools=[ToolInfo(name="bash", description="a shell")])
        with pytest.raises(InputError, match="A message of the user: expected text, got image"):
            await model.generate([model_api().ChatMessageUser(content=[picture])])


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"system": "oracle"}, InputError, "'oracle'"),
        ({"system": "smacs[k=9]"}, InputError, "Setting k: expected at most 2"),
        ({"gama": 0.5}, InputError, "`gama`"),
        ({"base_url": "http://127.0.0.1/v1"}, InputError, "endpoints and keys are in the pool file"),
        ({"pool": "nowhere.toml"}, PoolError, "nowhere.toml"),
    ],
)
def test_what_does_not_exist_is_said_before_the_first_question(
    make_model: Callable[..., Any], given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said.replace("[", r"\[")):
        make_model(**given)


async def test_models_of_one_pool_file_share_its_pool_until_the_evaluation_ends(
    tmp_path: Path, mock: MockServer, bank: QuestionBank
) -> None:
    path = tmp_path / "pool.toml"
    path.write_text(f'aggregators = ["a"]\n[llms.a]\nendpoint = "{mock.url}"\n')
    first = shared_pool(path)
    assert shared_pool(str(path)) is first
    await first.start(["a"])
    assert any_started()
    await close_all()
    assert not any_started()
    assert shared_pool(path) is not first


async def test_only_llms_that_are_asked_and_not_up_are_started(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, started = make_pool(["llm-0", "llm-1", "llm-2"]), list[str]()
    url = pool.llms["llm-0"].endpoint

    @contextmanager
    def running(names: list[str]) -> Iterator[None]:
        for name in names:
            pool.llms[name].endpoint = url
        started.extend(names)
        yield

    monkeypatch.setattr(pool, "running", running)
    pool.llms["llm-1"].endpoint = pool.llms["llm-2"].endpoint = None
    for names in (["llm-0"], ["llm-0", "llm-1"], ["llm-1"], ["llm-1", "llm-2"]):
        await shared_pool(pool).start(names)
    assert started == ["llm-1", "llm-2"]
    await close_all()


def test_another_backend_than_asyncio_is_refused(make_pool: MakePool) -> None:
    start = SharedPool(make_pool()).start([])
    with pytest.raises(InputError, match="INSPECT_ASYNC_BACKEND"):
        start.send(None)


def test_without_inspect_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import smacs.bench.inspect_bridge as bridge

    monkeypatch.setitem(sys.modules, "smacs.bench.inspect_bridge.plugin", None)
    monkeypatch.delattr(bridge, "plugin", raising=False)
    with pytest.raises(InputError, match=r"pip install 'smacs\[inspect\]'"):
        _ = bridge.smacs_solver
