"""The GPUs of this machine, and who gets which of them."""

import pytest

from smacs.errors import InputError, ServerError
from smacs.pool.launch.engines import Order
from smacs.pool.launch.engines.vllm import VllmLaunch
from smacs.pool.launch.gpus.machine import gpus_here, seats_on
from smacs.pool.launch.gpus.memory import GB

# 2 x 10 x 10 x 50 x 10 = 100,000 bytes a token: 20 GB of weights, 4 calls of 1,000 tokens are 0.4 GB, and 4 GB
SHAPE = {"parameters": 10, "layers": 10, "heads": 20, "kv_heads": 10, "head_dim": 50, "kv_bytes": 10.0}


def test_seats() -> None:
    launch = VllmLaunch.model_validate({"engine": "vllm", "hub": "me/a", "shape": SHAPE, "replicas": 2})
    orders = [Order("a", copy, "a", launch, 1000, 4, 8000 + copy) for copy in (0, 1)]
    seats = seats_on(orders, [100 * GB, 100 * GB])
    assert {name: seat.gpus for name, seat in seats.items()} == {"a": (0,), "a#2": (1,)}
    assert [seat.memory for seat in seats.values()] == pytest.approx([0.92, 0.92])
    with pytest.raises(InputError, match=r"do not fit onto this machine together\. Group 1: a\. Group 2: a#2\."):
        seats_on(orders, [30 * GB])


@pytest.mark.usefixtures("two_gpus")
def test_gpus_that_are_hidden_from_us_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpus_here() == [80 * 2**30] * 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpus_here() == [1.0, 80 * 2**30]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1234")
    with pytest.raises(ServerError, match=r"expected numbers of GPUs such as 0,1"):
        gpus_here()
