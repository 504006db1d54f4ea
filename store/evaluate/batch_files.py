"""Request files within the limits of hosted batch APIs: one after another, each of them whole or not there."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from smacs.errors import BankError

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000


class BatchFile(msgspec.Struct, frozen=True):
    """A file of requests to one LLM."""

    llm: str
    path: Path
    requests: int


class RequestFiles:
    """Writes lines to `path`, then to `path` with -2, -3 and so on before its suffix.

    Files get their names when all are complete. Raises BankError where a file is there already or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: list[int] = []
        self._size = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines, each with its line break."""
        try:
            for line in lines:
                if self._file is None or self.counts[-1] == MOST_REQUESTS or self._size + len(line) > MOST_BYTES:
                    self._next()
                assert self._file is not None
                self._file.write(line)
                self.counts[-1] += 1
                self._size += len(line)
        except OSError as error:
            raise BankError(f"{self.path} cannot be written ({error.strerror or error}). Name another file.") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        for number in range(1, len(self.counts) + 1):
            if kind is None:
                _draft(self.numbered(number)).replace(self.numbered(number))
            else:
                _draft(self.numbered(number)).unlink(missing_ok=True)

    def numbered(self, number: int) -> Path:
        """The path of the file with a number, counted from 1."""
        return self.path if number == 1 else self.path.with_stem(f"{self.path.stem}-{number}")

    def _next(self) -> None:
        if self._file is not None:
            self._file.close()
        target = self.numbered(len(self.counts) + 1)
        check_free(target)
        self._file, self._size = _draft(target).open("wb"), 0
        self.counts.append(0)


def check_free(path: Path) -> None:
    """Raise BankError where a file is there already: it may be a batch that is under way."""
    if path.exists():
        raise BankError(f"{path} is there already. Name another file, or remove it once its batch is done.")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
