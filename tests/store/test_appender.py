"""The loop of everything that asks a lot: how many at once, when it gives up, and what ends it."""

import asyncio
from pathlib import Path

import pytest

from smacs.errors import BankError
from smacs.store.io import appender
from smacs.store.io.appender import Appender, Patience, ask_all
from smacs.store.io.jsonl import JsonlWriter, read_jsonl
from smacs.store.records import Cell


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender, "PATIENCE", 3)


async def succeed(item: int, result: int) -> None: ...


async def test_slots_are_all_busy_and_none_more() -> None:
    running, most, kept = 0, 0, list[tuple[int, int]]()

    async def ask(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item * item

    async def keep(item: int, result: int) -> None:
        kept.append((item, result))

    await ask_all(range(20), ask, keep, Patience(4), at_once=4)
    assert most == 4
    assert sorted(kept) == [(i, i * i) for i in range(20)]


async def test_a_slot_does_not_wait_for_what_is_kept_but_not_without_limit() -> None:
    asked, go = list[int](), asyncio.Event()

    async def ask(item: int) -> int:
        asked.append(item)
        return item

    async def keep(item: int, result: int) -> None:
        await go.wait()

    task = asyncio.create_task(ask_all(range(20), ask, keep, Patience(2), at_once=2))
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(asked) == 6  # four wait to be kept, and each slot holds another one
    go.set()
    await task
    assert asked == list(range(20))


async def test_patience_ends_it_and_a_success_renews_it() -> None:
    patience, asked = Patience(1, "failed calls in a row"), list[int]()

    async def ask(item: int) -> int:
        asked.append(item)
        patience.note("" if item == 2 else f"no answer to {item}")
        return item

    await ask_all(range(20), ask, succeed, patience, at_once=1)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert patience.stopped == "stopped after 3 failed calls in a row: no answer to 5"
    patience.note("")
    assert patience.stopped  # what is over stays over


def test_more_at_once_have_more_patience() -> None:
    patience = Patience(4)
    for _ in range(7):
        patience.note("down")
    assert not patience.stopped
    patience.note("down")
    assert patience.stopped


@pytest.mark.parametrize("where", ["ask", "keep"])
async def test_the_first_error_ends_it_as_itself(where: str) -> None:
    async def ask(item: int) -> int:
        if where == "ask" and item == 3:
            raise BankError("the disk is full")
        return item

    async def keep(item: int, result: int) -> None:
        if where == "keep" and item == 3:
            raise BankError("the disk is full")

    with pytest.raises(BankError, match="the disk is full"):
        await ask_all(range(20), ask, keep, Patience(2), at_once=2)


async def test_what_is_saved_at_the_same_time_is_on_the_disk_together(tmp_path: Path) -> None:
    groups = list[int]()
    with JsonlWriter(tmp_path / "cells.jsonl", Cell) as writer:
        cells = Appender[Cell](writer, lambda group: groups.append(len(group)))
        await asyncio.gather(*(cells.save(Cell(f"q{i}", 1.0)) for i in range(9)))
        cells.close()
    assert [cell.question for cell in read_jsonl(tmp_path / "cells.jsonl", Cell)] == [f"q{i}" for i in range(9)]
    assert sum(groups) == 9
    assert len(groups) < 9
