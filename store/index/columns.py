"""One LLM's column of V as a memory-mapped file, so that a large bank opens without reading its evaluations again."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from smacs.store.files import Stamp
from smacs.store.index.arrays import load_array


def column(folder: Path, llm: str, of: Stamp, read: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    """One LLM's column of V (N,), from the file made of the evaluations `of` that stamp, or `read` and kept."""
    file = folder / "columns" / f"{quote(llm, safe='')}@{of[0]}-{of[1]}.npy"
    try:
        return load_array(file)
    except (OSError, ValueError):
        values = read()
    try:
        file.parent.mkdir(exist_ok=True)
        _write(file, values)
        for old in file.parent.glob(f"{quote(llm, safe='')}@*.npy"):
            if old != file:
                old.unlink(missing_ok=True)
    except OSError:
        return values  # nowhere to keep it: the next process reads the evaluations again
    return values


def _write(file: Path, values: NDArray[np.float32]) -> None:
    draft = file.with_suffix(f".{id(values)}.new")
    try:
        with draft.open("wb") as opened:
            np.save(opened, values)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
