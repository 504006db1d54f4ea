"""The rows of a source, whatever it is."""

from pathlib import Path

from smacs.errors import InputError
from smacs.store.create.files import read_file
from smacs.store.create.hub import read_hub
from smacs.store.create.source import SUFFIXES, Rows, Source, suffix_of


def read(source: Source) -> Rows:
    """Read a file, else a folder or name as a hub data set. Raises InputError, also for a source without rows."""
    path = Path(source.where).expanduser()
    if not path.exists() and suffix_of(path) in SUFFIXES:
        raise InputError(f"No file {path}: check the path.")
    found = read_file(source) if path.is_file() else read_hub(source)
    if not found.rows:
        raise InputError(f"{source.where} is empty: expected a question in each {found.unit}.")
    return found
