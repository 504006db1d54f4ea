"""Taking an LLM out of a bank, and putting it back."""

import os
from collections.abc import Callable

import pytest

from smacs.errors import BankLockedError, InputError
from smacs.store.bank import QuestionBank, remove_llm
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation


@pytest.fixture
def bank(make_bank: Callable[[int], QuestionBank]) -> QuestionBank:
    bank = make_bank(3)
    for llm in ("owner/one", "two"):
        with JsonlWriter(bank.evaluation_file(llm), Evaluation) as writer:
            writer.append([Evaluation(question="q0", correct=1.0)])
    return bank


def test_nothing_is_lost(bank: QuestionBank) -> None:
    before = bank.evaluation_file("owner/one").read_bytes()
    moved = remove_llm(bank, "owner/one")
    assert bank.llms == ["two"]
    assert moved.parent == bank.path / "removed"
    assert moved.name.startswith("owner%2Fone-")
    assert moved.read_bytes() == before
    moved.rename(bank.evaluation_file("owner/one"))
    assert bank.llms == ["owner/one", "two"]


def test_removed_twice_both_are_kept(bank: QuestionBank) -> None:
    first = remove_llm(bank, "two")
    with JsonlWriter(bank.evaluation_file("two"), Evaluation) as writer:
        writer.append([Evaluation(question="q1", correct=0.0)])
    second = remove_llm(bank, "two")
    assert first != second
    assert first.exists()
    assert second.exists()


def test_an_llm_that_is_not_there(bank: QuestionBank) -> None:
    with pytest.raises(InputError, match="has no evaluations of 'three'; it has owner/one, two"):
        remove_llm(bank, "three")


def test_not_while_somebody_writes(bank: QuestionBank) -> None:
    with write_lock(bank.path), pytest.raises(BankLockedError, match=f"pid {os.getpid()}"):
        remove_llm(bank, "two")
    assert bank.llms == ["owner/one", "two"]
