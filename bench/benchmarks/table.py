"""A table of a benchmark: a file in the user's folder, the hub's data set copied there, or the hub itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from smacs.errors import InputError
from smacs.store.create.sources import SUFFIXES, Rows, Source, read_source, split_name
from smacs.store.imports.lines import convert

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Table:
    """`files` are names without their ending that it may have; `hub` is `owner/name` or `owner/name/config`."""

    files: tuple[str, ...]
    hub: str
    split: str

    def source(self, data: Path | None) -> Source:
        """Where it is, given the user's folder; without one on the hub. Raises InputError."""
        if data is None:
            return Source(where=self.hub, split=self.split)
        folders = (data, data / "benchmarks")
        files = (folder / f"{file}{suffix}" for folder in folders for file in self.files for suffix in SUFFIXES)
        if found := next((file for file in files if file.is_file()), None):
            return Source(where=str(found))
        name, config = split_name(self.hub)
        copies = (folder / copy for folder in folders for copy in (name, name.partition("/")[2]))
        if copy := next((folder for folder in copies if folder.is_dir()), None):
            return Source(where=str(copy / config if config else copy), split=self.split)
        raise InputError(self._missing(data))

    def rows(self, data: Path | None, kind: type[T]) -> list[T]:
        """All of its rows. Raises InputError for a table that is missing, cannot be read or has other columns."""
        found = self._read(data)
        columns = f"the columns {', '.join(kind.__struct_encode_fields__)}"
        rows = []
        for row in found.rows:
            if row.problem:
                raise InputError(f"{found.place(row)}: {row.problem}.")
            rows.append(convert(str(found.place(row)), row.values, kind, columns))
        return rows

    def _read(self, data: Path | None) -> Rows:
        try:
            return read_source(self.source(data))
        except InputError as error:
            if data is not None:
                raise
            advice = "A gated data set wants `hf auth login`; without the hub put its files into a folder: --data DIR."
            raise InputError(f"{error} {advice}") from error

    def _missing(self, data: Path) -> str:
        names = " or ".join(f"{file}.*" for file in self.files)
        return (
            f"{data} has no {names} ({' '.join(SUFFIXES)}), and no folder with a copy of the hub's data set {self.hub} "
            f"called {split_name(self.hub)[0]}. Put it there, or leave out --data to load it from the hub."
        )
