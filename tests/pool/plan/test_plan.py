"""Fitting servers onto GPUs: examples by hand, and what holds whatever is fitted."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.pool.config import PoolFile
from smacs.pool.launch.engines.vllm import VllmLaunch
from smacs.pool.launch.gpus.fit import Gpu, Placement, Rules
from smacs.pool.launch.gpus.memory import GB, Server, divides
from smacs.pool.launch.table import Shape
from smacs.pool.plan.plan import Plan, gpu_servers, parse_gpus, plan, plan_pool, together

# 2 x 10 x 10 x 50 x 10 = 100,000 bytes a token, so that 10,000 tokens are 1 GB
SHAPE = {"layers": 10, "heads": 20, "kv_heads": 10, "head_dim": 50, "kv_bytes": 10.0}


def server(name: str, parameters: float, *, tokens: int = 10_000, pinned: bool = False, **launch: object) -> Server:
    """A server that needs 2 x `parameters` + 1 + 4 GB on one GPU."""
    shape = Shape.model_validate({"parameters": parameters, **SHAPE})
    made = VllmLaunch.model_validate({"engine": "vllm", "hub": f"me/{name}", "shape": shape, **launch})
    return Server(name, name, name, made, shape, tokens, 1, tokens, 8000, pinned)


def seats(made: Plan) -> list[dict[str, tuple[int, ...]]]:
    return [{each.server.name: tuple(gpu.number for gpu in each.gpus) for each in part} for part in made.rounds]


def test_it_takes_the_fewest_gpus_that_hold_it() -> None:
    # 92 usable of 100. 40: 85 on one; 60: 125 on one, 62.5 + 2 on two; tp must divide 20 and 10: 1 and 2
    made = plan([server("small", 40), server("large", 60)], parse_gpus("3x100G"), Rules())
    assert seats(made) == [{"large": (0, 1), "small": (2,)}]
    large = next(each for each in made.rounds[0] if each.server.name == "large")
    assert large.need == pytest.approx((120 + 1) / 2 * GB + 4 * GB)
    assert large.memory == pytest.approx(0.92)


def test_small_ones_spread_out_where_there_is_room_and_share_where_not() -> None:
    three = [server(name, 10) for name in "abc"]  # 25 GB each
    assert seats(plan(three, parse_gpus("3x100G"), Rules())) == [{"a": (0,), "b": (1,), "c": (2,)}]
    shared = plan(three, parse_gpus("1x100G"), Rules())
    assert seats(shared) == [{"a": (0,), "b": (0,), "c": (0,)}]
    # each a third of 920 thousandths
    assert [each.memory for each in shared.rounds[0]] == pytest.approx([0.306, 0.306, 0.306])


def test_where_nothing_may_share_each_has_a_round_of_its_own() -> None:
    made = plan([server("a", 10), server("b", 10)], parse_gpus("1x100G"), Rules(share=False))
    assert seats(made) == [{"a": (0,)}, {"b": (0,)}]


def test_what_does_not_fit_together_goes_into_rounds_the_pinned_first() -> None:
    four = [server("a", 40), server("b", 40), server("c", 40), server("last", 30, pinned=True)]
    made = plan(four, parse_gpus("2x100G"), Rules())
    assert seats(made) == [{"last": (0,), "a": (1,)}, {"b": (0,), "c": (1,)}]
    assert together(made) == 2


def test_what_fits_nowhere_is_said_with_the_numbers() -> None:
    made = plan([server("huge", 200), server("a", 10)], parse_gpus("2x100G"), Rules())
    assert seats(made) == [{"a": (0,)}]
    [misfit] = made.misfits
    # (400 + 1) / 2 + 4 on each of two, of 92
    assert misfit.why == "over 2 GPUs it needs 204.5 GB on each, which have 92.0 GB"


def test_it_stays_within_one_machine_and_one_size() -> None:
    wide = [server("wide", 60)]
    assert plan(wide, parse_gpus("2x1x100G"), Rules()).misfits
    assert plan(wide, parse_gpus("1x100G,1x90G"), Rules()).misfits
    assert seats(plan([server("a", 10)], parse_gpus("1x141G,1x30G"), Rules())) == [{"a": (1,)}]


def test_what_the_launch_asks_for_holds() -> None:
    asked = [server("a", 10, tensor_parallel=2), server("b", 10, memory=0.5), server("c", 10, gpus=[2])]
    made = plan(asked, parse_gpus("3x100G"), Rules())
    assert {name: len(gpus) for name, gpus in seats(made)[0].items()} == {"a": 2, "b": 1, "c": 1}
    assert seats(made)[0]["c"] == (2,)
    assert {each.server.name: each.memory for each in made.rounds[0]}["b"] == pytest.approx(0.5)
    assert plan([server("a", 10, tensor_parallel=4)], parse_gpus("4x100G"), Rules()).misfits  # 10 KV heads
    assert plan([server("a", 10, memory=0.1)], parse_gpus("1x100G"), Rules()).misfits  # 25 GB are needed


def test_the_kv_cache_gets_what_is_left_of_the_share() -> None:
    [[placed]] = plan([server("a", 40)], parse_gpus("1x100G"), Rules()).rounds
    # 92 - 80 - 4 = 8 GB at 100,000 bytes a token
    assert placed.kv_tokens == pytest.approx(80_000, abs=1)


def pool(**embedder: object) -> PoolFile:
    launch = {"engine": "vllm", "hub": "me/a", "shape": {"parameters": 10, **SHAPE}}
    llms = {
        "a": {"context": 1000, "in_flight": 4, "launch": launch | {"replicas": 2}},
        "b": {"endpoint": "http://x/v1"},
    }
    return PoolFile.model_validate({"llms": llms, "aggregators": ["a"], **embedder})


def test_the_servers_of_a_pool_are_its_replicas_and_its_embedder() -> None:
    spec = {"kind": "openai", "model": "emb", "endpoint": "http://127.0.0.1:8000/v1"}
    launch = {"engine": "vllm", "hub": "me/emb", "shape": {"parameters": 1, **SHAPE}, "context": 512}
    launch |= {"options": {"runner": "pooling"}}
    found = gpu_servers(pool(embedder=spec, embedder_launch=launch), "pool.toml", mean=300)
    assert [(each.name, each.model, each.port) for each in found] == [
        ("embedder", "emb", 8000),
        ("a", "a", 8001),
        ("a#2", "a", 8002),
    ]
    assert [each.tokens for each in found] == [4 * 300, 4 * 300, 4 * 300]  # 4 calls of 300, more than a window
    assert gpu_servers(pool(), "pool.toml", mean=100)[0].tokens == 1000  # at least one window
    assert [each.tokens for each in gpu_servers(pool(), "pool.toml", mean=5000, in_flight=7)] == [7000, 7000]
    assert (
        gpu_servers(pool(embedder=spec, embedder_launch=launch), "pool.toml", mean=300, in_flight=99)[0].tokens == 1200
    )


def test_a_pool_that_cannot_be_planned() -> None:
    only = PoolFile.model_validate({"llms": {"b": {"endpoint": "http://x/v1"}}, "aggregators": ["b"]})
    with pytest.raises(InputError, match="nothing to plan"):
        plan_pool(only, "pool.toml", parse_gpus("1x80G"))
    launch = {"engine": "vllm", "hub": "me/a"}
    bare = PoolFile.model_validate({"llms": {"a": {"launch": launch}}, "aggregators": ["a"]})
    with pytest.raises(InputError, match=r"pool\.toml: a has no `shape`"):
        plan_pool(bare, "pool.toml", parse_gpus("1x80G"))


HEADS = st.sampled_from([(64, 8), (40, 8), (48, 2), (48, 48), (32, 16), (12, 4)])


@st.composite
def any_server(draw: st.DrawFn, name: str) -> Server:
    heads, kv_heads = draw(HEADS)
    shape = Shape(
        parameters=draw(st.floats(0.1, 120)),
        layers=draw(st.integers(1, 100)),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=draw(st.sampled_from([64, 128])),
    )
    launch = VllmLaunch(engine="vllm", hub="me/it", shape=shape, tensor_parallel=draw(st.sampled_from([None, None, 2])))
    window = draw(st.integers(1, 60_000))
    return Server(
        name, name, name, launch, shape, window, 4, window * draw(st.integers(1, 4)), 8000, draw(st.booleans())
    )


@settings(max_examples=30)
@given(
    st.integers(1, 9).flatmap(lambda count: st.tuples(*(any_server(f"s{number}") for number in range(count)))),
    st.sampled_from(["1x80G", "8x80G", "2x141G,4x24G", "3x4x40G", "5x23.7G"]),
    st.floats(0.3, 0.99),
    st.booleans(),
)
def test_what_holds_for_every_plan(servers: tuple[Server, ...], gpus: str, utilization: float, share: bool) -> None:
    rules = Rules(utilization, share)
    made = plan(servers, parse_gpus(gpus), rules)
    placed = [each for placements in made.rounds for each in placements]
    names = [each.server.name for each in placed] + [misfit.server.name for misfit in made.misfits]
    assert Counter(names) == Counter(each.name for each in servers)  # once, or said not to fit
    assert all(made.rounds)
    for each in placed:
        holds(each)
    for placements in made.rounds:
        for gpu, shares in used(placements).items():
            assert sum(shares) <= utilization + 1e-9, gpu
            assert share or len(shares) == 1
    sizes = [max((each.server.need(1) for each in placements), default=0.0) for placements in made.rounds[1:]]
    assert all(first >= second for first, second in pairwise(sizes)) or any(each.pinned for each in servers)


def holds(placed: Placement) -> None:
    assert len(set(placed.gpus)) == placed.parallel
    assert len({(gpu.machine, gpu.memory) for gpu in placed.gpus}) == 1
    assert divides(placed.server.shape, placed.parallel)
    assert placed.parallel == (placed.server.launch.tensor_parallel or placed.parallel)
    assert placed.memory * placed.gpus[0].memory >= placed.need - 1
    assert placed.kv_tokens >= placed.server.tokens - 1


def used(placements: list[Placement]) -> dict[Gpu, list[float]]:
    shares: dict[Gpu, list[float]] = {}
    for each in placements:
        for gpu in each.gpus:
            shares.setdefault(gpu, []).append(each.memory)
    return shares
