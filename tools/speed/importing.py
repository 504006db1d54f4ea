"""Importing the recorded MMLU-Pro answers: 8,000 questions, 120,000 cells, vectors given; no figure without them.

They are looked for in `SMACS_DATA`, or in `../shared/data` beside the checkout.
"""

import os
import tempfile
import time
from pathlib import Path

from tools.speed.figure import Figure

FOLDER = "mmlu_pro_recorded"
TARGET = 60.0  # seconds


def measure() -> list[Figure]:
    """Seconds of the import into a new bank."""
    from smacs.store.imports import import_

    source = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / FOLDER
    if not source.is_dir():
        return []
    with tempfile.TemporaryDirectory(prefix="smacs-bench-") as folder:
        start = time.perf_counter()
        report = import_([source], Path(folder) / "bank")
        seconds = time.perf_counter() - start
    name = f"importing {report.questions_new:,} questions, {report.cells_new:,} cells"
    return [Figure(name=name, value=seconds, unit="s", target=TARGET)]
