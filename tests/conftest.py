"""A pool of mock LLMs, a small bank, and the graph over both, over real HTTP and real Chroma."""

import asyncio
import gc
import time
from collections.abc import Callable, Container, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import settings

from smacs.pool.config import EmbedderSpec
from smacs.pool.embed import Embedder, make_embedder
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.records import Evaluation, Question
from tools.mock.process import MockServer

settings.register_profile("any machine", deadline=None)  # an example that is slow on a busy machine is no fault
settings.register_profile("quick", settings.get_profile("any machine"), max_examples=10)  # for `make test-fast`
settings.load_profile("any machine")
gc.disable()  # half the time of the collection otherwise

DIMENSION = 16
LIMIT = 60.0  # seconds until a wait has failed
NAMES = [f"llm-{i}" for i in range(8)]
ONLY_BY_NAME = ("soak", "vllm")  # markers of tests that are left out of every run whose `-m` does not name them


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unnamed = [marker for marker in ONLY_BY_NAME if marker not in config.option.markexpr]
    left_out = [item for item in items if any(map(item.get_closest_marker, unnamed))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture(scope="session")
def mock_process() -> Iterator[MockServer]:
    with MockServer(tokens=12, dimension=DIMENSION) as server:
        yield server


@pytest.fixture
def mock(mock_process: MockServer) -> Iterator[MockServer]:
    """A mock LLM server in a process of its own, without faults at the start of each test."""
    mock_process.reset()
    yield mock_process
    mock_process.reset()


@pytest.fixture
def make_pool(mock: MockServer) -> Callable[..., Pool]:
    """A pool of `names` at the mock; keyword arguments go to every LLM, `settings` to the settings."""

    def make(
        names: list[str] = NAMES,
        *,
        aggregators: list[str] | None = None,
        settings: dict[str, Any] | None = None,
        llms: dict[str, dict[str, Any]] | None = None,
        **common: Any,
    ) -> Pool:
        base = {"endpoint": mock.url, "deadline": 20.0, "retries": 0, **common}
        return Pool.from_dict(
            {
                "aggregators": aggregators or [names[-1]],
                "llms": {name: base | (llms or {}).get(name, {}) for name in names},
                "embedder": {"kind": "openai", "model": "mock-embedder", "endpoint": mock.url},
                "settings": {"max_tokens": 64, **(settings or {})},
            },
            source="test pool",
        )

    return make


@pytest.fixture(scope="session")
def make_bank(mock_process: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., QuestionBank]:
    """An indexed bank from questions and, for each LLM, the positions of those that it got right."""

    def make(questions: list[Question], right: dict[str, Container[int]]) -> QuestionBank:
        spec = EmbedderSpec(kind="openai", model="mock-embedder", dimension=DIMENSION)
        bank = QuestionBank.create(tmp_path_factory.mktemp("mock") / "bank", spec, questions)
        (bank.path / "evaluations").mkdir(exist_ok=True)
        for name, known in right.items():
            lines = [Evaluation(question=q.id, correct=float(i in known)) for i, q in enumerate(questions)]
            bank.evaluation_file(name).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        asyncio.run(index(bank, make_embedder(spec.model_copy(update={"endpoint": mock_process.url}))))
        return bank

    return make


@pytest.fixture(scope="session")
def bank(make_bank: Callable[..., QuestionBank]) -> QuestionBank:
    """Forty questions, indexed; llm-0 got every one right, llm-1 all but five, llm-2 all but ten, and so on."""
    questions = [
        Question(id=f"q{i}", text=f"Question number {i}", label="1", task="math", dataset=f"set-{i % 2}")
        for i in range(40)
    ]
    return make_bank(questions, {name: range(5 * r, 40) for r, name in enumerate(NAMES)})


async def index(bank: QuestionBank, embedder: Embedder) -> None:
    await bank.load(embedder)
    await embedder.aclose()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Any]:
    """Wait until something holds; fail when it never does."""

    async def wait(holds: Callable[[], bool]) -> None:
        limit = time.monotonic() + LIMIT
        while not await asyncio.to_thread(holds):
            assert time.monotonic() < limit
            await asyncio.sleep(0.01)

    return wait
