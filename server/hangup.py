"""A client that hangs up: what is done for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from smacs.server.errors import ApiError
from smacs.server.guard.body import until_left

Result = TypeVar("Result")


class HungUpError(ApiError):
    """The client is gone; 499 is what nginx writes into its log then."""

    def __init__(self) -> None:
        super().__init__("The client hung up.", status=499)


async def unless_hung_up(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is cancelled as soon as the client hangs up. Raises HungUpError then."""
    task, gone = asyncio.create_task(work), asyncio.create_task(until_left(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise HungUpError
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)
