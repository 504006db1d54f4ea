"""The formats that exist: the files of this package."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from smacs.pool.catalogue import find, listed
from smacs.pool.errors import InputError
from smacs.store.imports.format import Format
from smacs.store.imports.lines import described


@cache
def _found() -> dict[str, Format]:
    return listed(__name__.rpartition(".")[0], "FORMAT")


def formats() -> dict[str, Format]:
    """Every format by name."""
    return dict(_found())


def find_format(name: str) -> Format:
    """The format of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "format")


def sources(paths: Sequence[str | Path], name: str | None = None) -> list[tuple[Format, Path]]:
    """The files that `paths` stand for, each with its format: `name`, or the one that recognises it.

    A folder stands for itself if a format recognises it, else for all files in it that a format recognises, by name.
    Raises InputError for a path that gives none.
    """
    choice = [find_format(name)] if name else list(_found().values())
    return [pair for path in paths for pair in _sources(Path(path).expanduser(), choice, named=name is not None)]


def _sources(path: Path, choice: Sequence[Format], *, named: bool) -> Iterator[tuple[Format, Path]]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder. Check the path.")
    if own := _format_of(path, choice):
        yield own, path
    elif path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        found = [(format_, file) for file in files if (format_ := _format_of(file, choice))]
        if not found:
            raise InputError(f"{path}: none of the {len(files)} files in this folder is {_expected(choice)}")
        yield from found
    elif named:
        yield choice[0], path  # reading it says what is wrong with it
    else:
        raise InputError(f"{path} is {described(path)}. Expected {_expected(choice)}")


def _format_of(path: Path, choice: Sequence[Format]) -> Format | None:
    return next((format_ for format_ in choice if format_.recognises(path)), None)


def _expected(choice: Sequence[Format]) -> str:
    return "one of\n" + "\n".join(f"  {format_.name}: {format_.looks}" for format_ in choice)
