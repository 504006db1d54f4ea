"""The tests of everything that computes, once more as other processors compute: other BLAS kernels, no AVX-512."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
COMPUTING = [
    "tests/nodes",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/bench").glob("test_prior_*.py")),
]
AVX512 = ("X86_V4", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["Prescott", "Haswell", "SkylakeX"])
def test_numbers_are_as_expected_whatever_adds_them_up(kernel: str) -> None:
    """A kernel that this processor cannot run is replaced by OpenBLAS itself: then this says nothing new."""
    narrow = {} if kernel == "SkylakeX" else {"NPY_DISABLE_CPU_FEATURES": " ".join(_dispatched(AVX512))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "not slow", "-W", "ignore", "-p", "no:cacheprovider", *COMPUTING],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_CORETYPE": kernel} | narrow,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


def _dispatched(names: Sequence[str]) -> list[str]:
    """Those that this build of numpy chooses at run time; it refuses to switch off others."""
    chosen = np._core._multiarray_umath.__cpu_dispatch__  # type: ignore[attr-defined]
    return [name for name in names if name in chosen]
