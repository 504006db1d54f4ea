"""Where SMACS keeps what it fetched and built: weights, logs, the starter bank's index."""

import os
from pathlib import Path


def home() -> Path:
    """The cache folder: `SMACS_HOME`, or the platform's user cache."""
    given = os.environ.get("SMACS_HOME")
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("smacs")
