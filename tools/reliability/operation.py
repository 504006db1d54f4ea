"""What is killed: how its bank is made, what the bank holds of its work, and what it asked the mock for."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from smacs.store.bank import QuestionBank
from tools.mock.handle import MockServer
from tools.reliability.damage import Damage


class Operation(ABC):
    """One operation, against a mock."""

    name: ClassVar[str]
    total: ClassVar[int]  # questions
    mends: ClassVar[frozenset[str]] = frozenset()  # what the next run builds anew by itself, and asks nothing again

    def __init__(self, mock: MockServer) -> None:
        self.mock = mock

    @abstractmethod
    def make(self, path: Path) -> None:
        """A bank on which nothing of the work is done yet."""

    @abstractmethod
    def present(self, bank: QuestionBank) -> set[str]:
        """The questions for which the work is on the disk, and right."""

    def begin(self) -> None:
        """Before each run: the mock forgets what it was asked."""
        self.mock.reset()

    def asked(self) -> Counter[str]:
        """How often this run has asked the mock for each question."""
        return Counter()

    def beside(self, bank: QuestionBank) -> Iterator[Damage]:  # noqa: ARG002
        """Damage to what the operation has no business with."""
        return iter(())
