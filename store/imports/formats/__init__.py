"""The import formats: each file of this folder with a `FORMAT` is one, found by listing the folder.

A file whose name begins with `_` is a part of the format that it is named after.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from smacs.errors import InputError
from smacs.plugins import find, listed
from smacs.store.imports.format import Format
from smacs.store.imports.lines import file_kind
from smacs.store.io.foreign import stem

_LINES = (".jsonl", ".ndjson")  # what answers are written into, and seldom anything else


@cache
def _found() -> dict[str, Format]:
    return listed(__name__, "FORMAT")


def formats() -> dict[str, Format]:
    """Every format by name."""
    return dict(_found())


def find_format(name: str) -> Format:
    """The format of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "format")


def sources(
    paths: Sequence[str | Path], name: str | None = None, *, other: Callable[[Path], None] = lambda _: None
) -> list[tuple[Format, Path]]:
    """The files that `paths` stand for, each once and with its format: `name`, or the one that recognises it.

    A folder stands for itself if a format recognises it, else for all files in it that a format recognises, by name.
    `other` gets the files that have the ending of a log and that no format recognises. Raises InputError for a path
    without any file to import.
    """
    choice = [find_format(name)] if name else list(_found().values())
    found: dict[Path, Format] = {}
    for path in paths:
        for file, form in _sources(Path(path).expanduser(), choice, named=name is not None):
            if form is None:
                other(file)
            else:
                found.setdefault(file, form)
    return [(form, file) for file, form in found.items()]


def _sources(path: Path, choice: Sequence[Format], *, named: bool) -> Iterator[tuple[Path, Format | None]]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder. Check the path.")
    if not path.is_dir() and not path.is_file():
        raise InputError(f"{path} is a pipe or device, which cannot be read twice. Write it into a file first.")
    if own := _format_of(path, choice):
        yield path, own
    elif path.is_dir():
        yield from _within(path, choice)
    elif named:
        yield path, choice[0]  # reading it says what is wrong with it
    else:
        raise InputError(f"{path} is {file_kind(path)}. Expected {_expected(choice)}")


def _within(folder: Path, choice: Sequence[Format]) -> Iterator[tuple[Path, Format | None]]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    found = [(file, _format_of(file, choice)) for file in files]
    if not any(form for _, form in found):
        raise InputError(f"{folder}: none of the {len(files)} files in this folder is {_expected(choice)}")
    yield from ((file, form) for file, form in found if form or stem(file).suffix.lower() in _LINES)


def _format_of(path: Path, choice: Sequence[Format]) -> Format | None:
    """The format whose content it has, else the one whose name it has."""
    try:
        known = next((form for form in choice if form.recognises(path)), None)
    except OSError:  # a file that may not be read
        known = None
    return known or next((form for form in choice if form.suffix and path.name.endswith(form.suffix)), None)


def _expected(choice: Sequence[Format]) -> str:
    return "one of\n" + "\n".join(f"  {form.name}: {form.looks}" for form in choice)
