"""What a file has and an import cannot use: left out, counted and named."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from smacs.errors import InputError


class UnusableError(InputError):
    """A record that cannot be imported. `kind` says in a few words what is wrong with it and its like."""

    kind = "not usable"

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind or self.kind


class UnscoredError(UnusableError):
    """A sample that nobody has graded: no fault of the file, and no grade."""

    kind = "without a score"


class LeftOut(msgspec.Struct):
    """How many records of one kind were left out, and the message for the first of them."""

    kind: str
    count: int
    first: str
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.count:,} {self.kind}"


class Tally:
    """Counts what is left out of one file."""

    def __init__(self) -> None:
        self.kinds: dict[str, LeftOut] = {}

    def add(self, error: InputError) -> None:
        """Count a record that raised this."""
        kind = error.kind if isinstance(error, UnusableError) else UnusableError.kind
        fault = not isinstance(error, UnscoredError)
        entry = self.kinds.setdefault(kind, LeftOut(kind, 0, str(error), fault))
        entry.count += 1

    @property
    def faults(self) -> list[LeftOut]:
        """What is wrong with the file; samples that nobody has graded are not."""
        return [entry for entry in self.kinds.values() if entry.fault]

    @contextmanager
    def record(self) -> Iterator[None]:
        """Around all that is done with one record: an InputError of it leaves out this record alone."""
        try:
            yield
        except InputError as error:
            self.add(error)


class Strict(Tally):
    """Leaves out what nobody has graded, and nothing else."""

    @contextmanager
    def record(self) -> Iterator[None]:
        """Around all that is done with one record. Raises what is wrong with it."""
        try:
            yield
        except UnscoredError as error:
            self.add(error)
