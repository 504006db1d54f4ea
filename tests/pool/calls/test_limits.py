"""A limit that holds across questions, threads and event loops."""

import asyncio
import threading

import pytest

from smacs.pool.calls.limits import Limiter


async def test_no_more_than_the_limit_are_inside_at_once() -> None:
    limiter, inside, most = Limiter(3), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with limiter.slot():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 3
    assert limiter.in_flight == 0


def test_the_limit_holds_across_event_loops_in_threads() -> None:
    limiter, lock, inside, most = Limiter(2), threading.Lock(), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with limiter.slot():
            with lock:
                inside += 1
                most = max(most, inside)
            await asyncio.sleep(0.001)
            with lock:
                inside -= 1

    async def many() -> None:
        await asyncio.gather(*(work() for _ in range(10)))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    assert limiter.in_flight == 0


async def test_a_waiter_that_gives_up_leaves_no_slot_behind() -> None:
    limiter = Limiter(1)
    async with limiter.slot():
        waiter = asyncio.create_task(limiter.slot().__aenter__())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert limiter.in_flight == 0
    async with limiter.slot():
        assert limiter.in_flight == 1


async def test_a_slot_handed_to_a_waiter_that_was_cancelled_in_the_same_moment_is_passed_on() -> None:
    limiter = Limiter(1)
    holder = limiter.slot()
    await holder.__aenter__()
    first, second = (asyncio.create_task(limiter.slot().__aenter__()) for _ in range(2))
    await asyncio.sleep(0)
    await holder.__aexit__(None, None, None)  # hands the slot to `first`
    first.cancel()
    await second
    assert limiter.in_flight == 1


def test_waiters_of_a_loop_that_was_closed_block_nobody() -> None:
    limiter = Limiter(1)
    dead = asyncio.new_event_loop()
    limiter.in_flight = 1
    limiter._waiters.append((dead, dead.create_future()))
    dead.close()
    limiter._release()
    assert limiter.in_flight == 0
