"""Where SMACS keeps what it downloads and builds: weights, logs, the starter bank's index."""

import os
from pathlib import Path


def home() -> Path:
    """The cache folder: `SMACS_HOME`, or the platform's user cache."""
    if folder := os.environ.get("SMACS_HOME"):
        return Path(folder).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("smacs")
