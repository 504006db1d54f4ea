"""The arithmetic of GPU memory, against numbers worked out by hand."""

import pytest
from pydantic import ValidationError

from smacs.errors import InputError
from smacs.pool.launch.gpus.fit import Gpu
from smacs.pool.launch.gpus.memory import divides, kv_bytes, kv_bytes_per_token, kv_share, parallel_sizes, weight_bytes
from smacs.pool.launch.table import Shape
from smacs.pool.plan.plan import parse_gpus

LLAMA_70B = Shape(parameters=70.55, layers=80, heads=64, kv_heads=8, head_dim=128)
GEMMA_27B = Shape(
    parameters=27.43, layers=62, heads=32, kv_heads=16, head_dim=128, sliding_layers=52, sliding_window=1024
)


def test_weights_are_parameters_times_bytes() -> None:
    assert weight_bytes(LLAMA_70B) == pytest.approx(141.1e9)
    assert weight_bytes(LLAMA_70B.model_copy(update={"weight_bytes": 1.0})) == pytest.approx(70.55e9)


def test_a_token_of_llama_70b_keeps_327_680_bytes() -> None:
    assert kv_bytes_per_token(LLAMA_70B) == 2 * 80 * 8 * 128 * 2 == 327_680


def test_a_window_of_65_536_tokens_of_it_keeps_21_5_gb() -> None:
    assert kv_bytes(LLAMA_70B, 65_536, 1) == 327_680 * 65_536 == 21_474_836_480


def test_a_sliding_layer_keeps_its_window_of_each_sequence() -> None:
    # 10 of 62 layers keep all 32,768 tokens, 52 keep 1,024 of each of two sequences; 8,192 bytes a layer and token
    assert kv_bytes(GEMMA_27B, 32_768, 2) == 8_192 * (10 * 32_768 + 52 * 2_048)
    # sequences shorter than the window: nothing is saved
    assert kv_bytes(GEMMA_27B, 1_000, 2) == 8_192 * 62 * 1_000 == kv_bytes_per_token(GEMMA_27B) * 1_000


def test_kv_heads_are_split_until_each_gpu_has_one() -> None:
    assert [kv_share(LLAMA_70B, size) for size in (1, 4, 8, 16)] == [1, 1 / 4, 1 / 8, 1 / 8]


@pytest.mark.parametrize(
    ("heads", "kv_heads", "most", "sizes"),
    [(64, 8, 8, [1, 2, 4, 8]), (40, 8, 16, [1, 2, 4, 8]), (48, 2, 16, [1, 2, 4, 8, 16]), (48, 48, 6, [1, 2, 4])],
)
def test_tensor_parallel_sizes_divide_the_heads(heads: int, kv_heads: int, most: int, sizes: list[int]) -> None:
    shape = Shape(parameters=1, layers=1, heads=heads, kv_heads=kv_heads, head_dim=1)
    assert parallel_sizes(shape, most) == sizes
    assert all(divides(shape, size) for size in sizes) and not divides(shape, 5)


@pytest.mark.parametrize("wrong", [{"heads": 10}, {"sliding_layers": 9, "sliding_window": 5}, {"sliding_layers": 1}])
def test_a_shape_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Shape.model_validate({"parameters": 1, "layers": 8, "heads": 8, "kv_heads": 4, "head_dim": 8} | wrong)


def test_gpus_of_one_machine_of_two_kinds_and_of_several() -> None:
    assert parse_gpus("2x80G") == [Gpu(0, 0, 80e9), Gpu(0, 1, 80e9)]
    assert parse_gpus("1x141G, 2x24g") == [Gpu(0, 0, 141e9), Gpu(0, 1, 24e9), Gpu(0, 2, 24e9)]
    assert parse_gpus("2x1x80G") == [Gpu(0, 0, 80e9), Gpu(1, 0, 80e9)]
    assert parse_gpus("1x24G,1x1x80GB") == [Gpu(0, 0, 24e9), Gpu(1, 0, 80e9)]


@pytest.mark.parametrize(
    "text", ["", "80G", "8x80", "8*80G", "0x80G", "8x0G", "0x8x80G", "-1x80G", "5000x80G", "8x80G,", "9x0x80G,1x8G"]
)
def test_what_describes_no_gpus_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--gpus .*expected"):
        parse_gpus(text)
