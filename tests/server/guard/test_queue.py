"""The queue: never more at once than may, in the order of arrival, and no place is ever lost."""

import asyncio
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope

from smacs.server.guard.queue import Queue, QueueFullError, Queueing
from tests.server.asgi import CHAT, Call, answering, settle, whole

STEPS = st.lists(st.tuples(st.sampled_from(["come", "end", "leave"]), st.integers(0, 9)), max_size=40)


class Desk:
    """Guests of a queue, each with an event that lets it go."""

    def __init__(self, running: int, bound: int) -> None:
        self.queue = Queue(running, bound)
        self.came: list[int] = []
        self.served: list[int] = []
        self.refused: list[int] = []
        self.most = 0
        self.here: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def guest(self, number: int) -> None:
        try:
            async with self.queue.place():
                self.served.append(number)
                self.here[number] = asyncio.Event()
                self.most = max(self.most, len(self.here))
                try:
                    await self.here[number].wait()
                finally:
                    del self.here[number]
        except QueueFullError:
            self.refused.append(number)

    async def step(self, kind: str, which: int) -> None:
        if kind == "come":
            self.came.append(number := len(self.came))
            self.tasks[number] = asyncio.create_task(self.guest(number))
        elif kind == "end" and self.here:
            list(self.here.values())[which % len(self.here)].set()
        elif kind == "leave" and self.tasks:
            list(self.tasks.values())[which % len(self.tasks)].cancel()
        if which % 2:  # else the next step happens in the same moment
            await settle()

    async def close(self) -> None:
        while not all(task.done() for task in self.tasks.values()):
            for event in list(self.here.values()):
                event.set()
            await settle()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


@given(st.integers(1, 3), st.integers(0, 3), STEPS)
def test_whatever_happens(running: int, bound: int, steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        desk = Desk(running, bound)
        for kind, which in steps:
            await desk.step(kind, which)
            assert len(desk.here) <= running
            assert desk.queue.waiting <= bound
        await desk.close()
        assert desk.most <= running
        assert desk.served == sorted(desk.served)  # numbers are given in the order of arrival
        assert (desk.queue.running, desk.queue.waiting) == (0, 0)
        async with asyncio.timeout(5):
            for _ in range(running):
                await desk.step("come", 1)
        assert len(desk.here) == running  # every place is there again
        await desk.close()

    asyncio.run(play())


def queued(queue: Queue, opened: asyncio.Event, upload: float = 30.0) -> Queueing:
    async def work(_: Scope, receive: Receive) -> bytes:
        body = await whole(receive)
        await opened.wait()
        return body

    return Queueing(answering(work), queue=queue, upload=upload, retry_after=2)


async def test_past_the_bound_it_is_429_at_once() -> None:
    opened = asyncio.Event()
    app = queued(Queue(1, 1), opened)
    first, second, third = (Call(app, chunks=(b"a", b"b")) for _ in range(3))
    tasks = [asyncio.create_task(call.run()) for call in (first, second)]
    await settle()
    await third.run()
    assert (third.status, third.header("retry-after"), third.error["code"]) == (429, "2", "server_busy")
    assert third.error["type"] == "rate_limit_error"
    assert (first.status, second.status) == (0, 0)
    opened.set()
    await asyncio.gather(*tasks)
    assert [(call.status, call.body) for call in (first, second)] == [(200, b"ab")] * 2


async def test_a_waiter_that_hangs_up_makes_room() -> None:
    opened, queue = asyncio.Event(), Queue(1, 1)
    app = queued(queue, opened)
    first, second, third = (Call(app) for _ in range(3))
    tasks = [asyncio.create_task(call.run()) for call in (first, second)]
    await settle()
    assert (queue.running, queue.waiting) == (1, 1)
    second.left.set()
    await settle()
    assert (queue.running, queue.waiting, second.sent) == (1, 0, [])
    tasks.append(asyncio.create_task(third.run()))
    await settle()
    opened.set()
    await asyncio.gather(*tasks)
    assert (first.status, third.status, queue.running) == (200, 200, 0)


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind() -> None:
    opened, queue = asyncio.Event(), Queue(1, 1)
    app = queued(queue, opened)
    first, second = (asyncio.create_task(Call(app).run()) for _ in range(2))
    await settle()
    opened.set()  # in the same moment the first one ends, the place goes to the second, and that is cancelled
    await asyncio.sleep(0)
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
    await first
    await settle()
    assert (queue.running, queue.waiting) == (0, 0)


async def test_what_asks_no_llm_needs_no_place() -> None:
    opened, queue = asyncio.Event(), Queue(1, 0)
    app = queued(queue, opened)
    busy = asyncio.create_task(Call(app).run())
    await settle()
    others = [
        Call(app, path="/v1/models", method="GET"),
        Call(app, path="/metrics", method="GET"),
        Call(app, method="GET"),
    ]
    tasks = [asyncio.create_task(call.run()) for call in others]
    await settle()
    opened.set()
    await asyncio.gather(busy, *tasks)
    assert [call.status for call in others] == [200, 200, 200]
    assert others[2].path == CHAT


async def test_a_body_that_does_not_come_takes_no_place_and_is_given_up() -> None:
    queue = Queue(1, 0)
    call = Call(queued(queue, asyncio.Event(), upload=0.01), chunks=())
    await call.run()
    assert (call.status, call.error["code"], queue.running) == (408, "request_timeout", 0)
