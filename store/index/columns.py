"""One LLM's column of V as a memory-mapped file, so that a large bank opens without reading its evaluations again.

`columns/<llm>@<time>-<size>-<checksum>.npy`: the name says which state of the evaluations it is of, and its XXH3.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import xxhash
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.store.index.arrays import load_array
from smacs.store.io.checksums import file_checksum
from smacs.store.io.draft import draft_file
from smacs.store.io.files import Stamp

log = logging.getLogger(__name__)


def column(
    folder: Path, llm: str, of: Stamp, size: int, read: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """One LLM's column of V (N,), from the file for the evaluations with stamp `of`; else from `read`, and kept.

    A damaged file is not used, and made anew.
    """
    for file in _files(folder, llm, of):
        with suppress(OSError, ValueError):
            if not damaged_column(file):
                return load_array(file, np.float32, (size,))
        log.warning("%s is damaged: it is made anew from the evaluations.", file)
    values = read()
    with suppress(OSError, BankError):  # nowhere to keep it: the next process reads the evaluations again
        _keep(folder / "columns", llm, of, values)
    return values


def damaged_column(file: Path) -> bool:
    """Whether a file's content is not the one that its name says."""
    return file_checksum(file) != file.stem.rpartition("-")[2]


def _files(folder: Path, llm: str, of: Stamp) -> Iterator[Path]:
    return (folder / "columns").glob(f"{quote(llm, safe='')}@{of[0]}-{of[1]}-*.npy")


def _keep(folder: Path, llm: str, of: Stamp, values: NDArray[np.float32]) -> None:
    """Write the file, and remove those of older states, which nobody asks for any more."""
    folder.mkdir(exist_ok=True)
    content = BytesIO()
    np.save(content, values)
    body = content.getbuffer()
    file = folder / f"{quote(llm, safe='')}@{of[0]}-{of[1]}-{xxhash.xxh3_64_hexdigest(body)}.npy"
    with draft_file(file) as draft:
        draft.write(body)
    for old in folder.glob(f"{quote(llm, safe='')}@*.npy"):
        if old != file:
            old.unlink(missing_ok=True)
