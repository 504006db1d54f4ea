"""A real vLLM server that is killed: its engine goes with it, and it comes back at the same port."""

import asyncio
import os
import time
from contextlib import suppress

import psutil
import pytest

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.launch import servers

pytestmark = pytest.mark.vllm

LIMIT = 600.0
ASK = [{"role": "user", "content": "Say hello."}]


def group(leader: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


async def test_a_server_that_is_killed_comes_back(llm: LLM) -> None:
    assert isinstance(await llm.call(ASK, sampling={"max_tokens": 4}), Reply)
    (before,) = servers.status()
    workers = group(before.pid)
    psutil.Process(before.pid).kill()
    missed = await llm.call(ASK, sampling={"max_tokens": 4})
    assert isinstance(missed, Failure)
    assert missed.kind == "unreachable"
    start = time.monotonic()
    while not (after := servers.status()[0]).healthy:
        assert time.monotonic() - start < LIMIT and not after.trouble
        await asyncio.sleep(1)
    print(f"\nback {time.monotonic() - start:.0f} s after the kill")
    assert (after.port, after.restarts) == (before.port, 1)
    assert after.pid != before.pid
    assert before.pid in workers
    assert group(before.pid) == []
    assert isinstance(await llm.call(ASK, sampling={"max_tokens": 4}), Reply)
    await llm.aclose()
