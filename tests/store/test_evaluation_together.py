"""Several LLMs at once, and processes that are killed while they ask."""

import asyncio
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import EvaluationSummary, evaluate, evaluate_all, grading
from smacs.store.evaluate.evaluation import lanes
from smacs.store.graders import grade
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]
Script = Callable[..., "subprocess.Popen[str]"]
PROMPTS = Prompts.load()
LAUNCH = {"file": {"name": "x.gguf", "sha256": "0" * 64, "size": 1}}


def test_who_shares_a_server_waits_for_its_turn() -> None:
    places: dict[str, dict[str, Any]] = {
        "a": {"endpoint": "http://gpu1:8000/v1"},
        "b": {"endpoint": "http://gpu1:8001/v1"},
        "c": {"launch": LAUNCH},
        "d": {"endpoint": "http://gpu1:8000/other/v1"},
        "e": {"launch": LAUNCH},
        "f": {"endpoint": "https://hosted/v1"},
    }
    pool = Pool.from_dict({"aggregators": ["a"], "llms": places})
    found = [[llm.name for llm in lane] for lane in lanes(list(pool.llms.values()))]
    assert found == [["a", "d"], ["b"], ["c", "e"], ["f"]]


@pytest.mark.slow
async def test_two_servers_work_at_the_same_time_and_one_server_for_one_llm_at_a_time(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank
) -> None:
    with MockServer(tokens=1) as other:
        pool = make_pool(["a", "b", "c"], llms={"c": {"endpoint": other.url}}, in_flight=4)
        started: list[str] = []
        open_: set[str] = set()
        together: set[frozenset[str]] = set()

        def show(summary: EvaluationSummary) -> None:
            if summary.llm not in started:
                started.append(summary.llm)
            open_.add(summary.llm) if summary.missing else open_.discard(summary.llm)
            together.add(frozenset(open_))

        for server in (mock, other):
            server.set("*", text="1", latency=0.02)
        bank = make_bank(30)
        found = await evaluate_all(bank, list(pool.llms.values()), PROMPTS, on_progress=show)
        assert [(summary.llm, summary.done) for summary in found] == [("a", 30), ("b", 30), ("c", 30)]
        assert started.index("b") == 2  # after a, which shares its server; c did not wait
        assert not any({"a", "b"} <= names for names in together)
        assert frozenset({"a", "c"}) in together
        assert mock.stats().total.max_in_flight <= 4


async def test_an_llm_named_twice_is_asked_once(mock: MockServer, make_pool: MakePool, make_bank: MakeBank) -> None:
    llm = make_pool(["a"]).llms["a"]
    await evaluate_all(make_bank(8), [llm, llm], PROMPTS)
    assert mock.stats().total.requests == 8


async def test_a_dead_server_does_not_hold_up_the_others(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank
) -> None:
    pool = make_pool(["a", "b"], llms={"b": {"endpoint": "http://127.0.0.1:9/v1"}}, in_flight=8)
    mock.set("a", text="1")
    one, two = await evaluate_all(make_bank(120), list(pool.llms.values()), PROMPTS)
    assert (one.done, one.stopped) == (120, "")
    assert (two.done, bool(two.stopped)) == (0, True)


async def test_slow_grading_does_not_hold_up_the_server(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two slots and graders that wait, the next questions are asked all the same, but not without limit."""
    llm = make_pool(["a"], in_flight=2).llms["a"]
    mock.set("a", text="1")
    go = threading.Event()

    def waiting(*arguments: Any) -> Any:
        go.wait()
        return grade(*arguments)

    monkeypatch.setattr(grading, "grade", waiting)
    task = asyncio.create_task(evaluate(make_bank(30), llm, PROMPTS))
    while (await asyncio.to_thread(mock.stats)).of("a").requests < 6:  # four wait for a grader, two for their place
        pass
    assert mock.stats().of("a").requests == 6
    go.set()
    assert (await task).done == 30


KILLED = """
import asyncio, sys
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import evaluate_all

path, url = sys.argv[1:]
llm = {"endpoint": url, "in_flight": 4}
pool = Pool.from_dict({"aggregators": ["a"], "llms": {"a": llm, "b": llm}})
bank = QuestionBank.open(path)
show = lambda summary: print(summary.llm, summary.done, flush=True)
asyncio.run(evaluate_all(bank, list(pool.llms.values()), Prompts.load(), on_progress=show))
"""


@pytest.mark.slow
async def test_what_was_acknowledged_is_never_asked_again(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank, script: Script
) -> None:
    """By the server's own count: a question is asked again only where the process died with its reply in hand."""
    bank = make_bank(100)
    names = ("a", "b")
    mock.set("*", text="1", latency=0.01)
    said = ""
    for lines in (1, 30, 9):
        before = {name: {cell.question for cell in bank.evaluations(name)} for name in names}
        process = script(KILLED, str(bank.path), mock.url)
        assert process.stdout is not None
        for _ in range(lines):
            said = await asyncio.to_thread(process.stdout.readline)
        process.send_signal(signal.SIGKILL)
        process.wait()
        name, count = said.split()
        assert len(bank.evaluations(name)) >= int(count)
        for one in names:
            assert before[one] <= {cell.question for cell in bank.evaluations(one)}
            with bank.evaluation_file(one).open("ab") as tail:
                tail.write(b'{"question":"q59","corr')  # what a kill in the middle of a write leaves
    pool = make_pool(list(names), in_flight=4)
    await evaluate_all(bank, list(pool.llms.values()), PROMPTS)
    ids = {question.text: question.id for question in bank.questions}
    for name in names:
        lines_of = [msgspec.json.decode(line) for line in bank.evaluation_file(name).read_bytes().splitlines()]
        assert sorted(line["question"] for line in lines_of) == sorted(ids.values())
        asked = Counter(ids[body["messages"][-1]["content"]] for body in mock.stats().bodies(name))  # type: ignore[index]
        assert set(asked) == set(ids.values())
        # each of three kills may cost what was in flight (4), waited to be graded (8) or was being written (8)
        assert sum(asked.values()) - 100 <= 3 * 20


async def test_the_accuracy_so_far_has_an_interval(mock: MockServer, make_pool: MakePool, make_bank: MakeBank) -> None:
    mock.set("a", text="1")
    summary = await evaluate(make_bank(40), make_pool(["a"]).llms["a"], PROMPTS)
    assert summary.correct == 30
    assert summary.interval is not None
    low, high = summary.interval
    # Wilson, p = 0.75, n = 40, z^2 = 3.8415: centre (0.75 + 0.04802) / 1.09604, half sqrt(0.0046875 + 0.0006002) * 1.96
    assert low == pytest.approx(0.598, abs=0.001)
    assert high == pytest.approx(0.858, abs=0.001)
