"""Rows of a hub data set, or of a local folder in the same form, through the library `datasets`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from smacs.errors import InputError
from smacs.store.create.source import Row, Rows, Source


def read_hub(source: Source) -> Rows:
    """All rows of one split; the split must be named where there are several. Raises InputError."""
    return Rows(source, "row", [Row(number, dict(values)) for number, values in enumerate(_split(source), 1)])


def split_name(where: str) -> tuple[str, str | None]:
    """Name and configuration: `owner/name`, `owner/name/config`, or a folder, `folder/config`."""
    path = Path(where).expanduser()
    if path.is_dir():
        return str(path), None
    if path.parent != Path() and path.parent.is_dir():
        return str(path.parent), path.name
    name, _, config = where.rpartition("/")
    return (name, config) if where.count("/") == 2 else (where, None)


def _split(source: Source) -> Iterable[dict[str, Any]]:
    loaded = _load(source)
    if source.split:
        rows: Iterable[dict[str, Any]] = loaded
        return rows
    if len(loaded) > 1:
        raise InputError(
            f"{source.where} has several splits: name one of {', '.join(loaded)} with --split. A bank is made "
            "from validation or train questions, never from those of a test."
        )
    only: Iterable[dict[str, Any]] = next(iter(loaded.values()))
    return only


def _load(source: Source) -> Any:
    """One split (a Dataset) where it is named, else all of them by name (a DatasetDict)."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(f"{source.where}: a hub data set needs a package more: pip install 'smacs[data]'") from error
    name, config = split_name(source.where)
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(name, config, split=source.split, revision=source.revision)
    except Exception as error:  # the library raises whatever went wrong below it, network included
        raise InputError(
            f"{source.where} is no file, and as a data set of the hub it cannot be loaded: "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from error
