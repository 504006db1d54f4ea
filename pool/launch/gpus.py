"""The GPUs of this machine."""

import os
import subprocess
from collections.abc import Collection

from smacs.errors import ServerError

ASK = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
MIB = 2**20
FULL = 1.0  # bytes: a GPU that is not for us keeps its number and has room for nothing


def gpus_here(busy: Collection[int] = ()) -> list[float]:
    """Bytes of each NVIDIA GPU, none where there is no `nvidia-smi`.

    Those that are `busy`, and those that CUDA_VISIBLE_DEVICES leaves out, count as full. Raises ServerError when
    `nvidia-smi` fails.
    """
    memories = _memories()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = range(len(memories)) if visible is None else _numbers(visible)
    return [memory if i in allowed and i not in busy else FULL for i, memory in enumerate(memories)]


def _memories() -> list[float]:
    try:
        said = subprocess.run(ASK, capture_output=True, text=True, check=True, timeout=30).stdout
        return [float(line) * MIB for line in said.split("\n") if line.strip()]
    except FileNotFoundError:
        return []
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise ServerError(f"nvidia-smi does not say which GPUs there are: {error}.") from error


def _numbers(visible: str) -> list[int]:
    try:
        return [int(number) for number in visible.split(",") if number.strip()]
    except ValueError:
        raise ServerError(
            f"CUDA_VISIBLE_DEVICES is {visible!r}; expected numbers of GPUs such as 0,1. Set `gpus` under `launch`."
        ) from None
