"""What the graph is measured in: a mock endpoint in another process, a pool of eight LLMs, a small bank."""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from smacs.graph.build import build_graph
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.records import Evaluation, Question
from tools.mock import MockServer


def run(folder: Path, *arguments: str) -> float:
    """CPU seconds of `smacs` with these arguments in `folder`, its start included. Raises RuntimeError if it fails."""
    with (folder / "output").open("wb") as output:
        command = [sys.executable, "-m", "smacs", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "output").read_text())
    return usage.ru_utime + usage.ru_stime


LLMS = tuple(f"llm-{number}" for number in range(8))
EMBEDDER = "embedder"
DIMENSION = 384
BANK_SIZE = 400
TOKENS = 500

POOL = """
aggregators = ["llm-0"]

[embedder]
kind = "openai"
model = "{embedder}"
endpoint = "{url}"
"""
LLM = """
[llms.{name}]
endpoint = "{url}"
"""


@dataclass(frozen=True, slots=True)
class Asker:
    """The compiled graph with its pool; nothing but the pool file differs from what a user runs."""

    pool: Pool
    graph: Any

    @classmethod
    def load(cls, folder: Path) -> Self:
        """From a folder that `world` has made."""
        pool = Pool.load(folder / "pool.toml")
        return cls(pool, build_graph(pool, folder / "bank").compile(name="smacs"))

    async def ask(self, question: str) -> dict[str, Any]:
        """Answer and trace by the default settings, K = 7 and n = 8."""
        result: dict[str, Any] = await self.graph.ainvoke({"question": question})
        if result["degraded"]:
            raise RuntimeError(f"the mock answered, but: {'; '.join(reason['text'] for reason in result['degraded'])}")
        return result

    async def aclose(self) -> None:
        """Close all connections."""
        await self.pool.aclose()


@contextmanager
def world() -> Iterator[tuple[MockServer, Path]]:
    """A mock without latency, and a temporary folder with `pool.toml` and `bank`."""
    with MockServer(tokens=TOKENS, dimension=DIMENSION) as mock, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = [POOL.format(embedder=EMBEDDER, url=mock.url), *(LLM.format(name=n, url=mock.url) for n in LLMS)]
        (folder / "pool.toml").write_text("".join(tables))
        make_bank(folder / "bank")
        yield mock, folder


def make_bank(path: Path) -> None:
    """A bank of made-up questions, each LLM right on a random half of them."""
    spec = EmbedderSpec(kind="openai", model=EMBEDDER, dimension=DIMENSION)
    ids = range(BANK_SIZE)
    questions = [Question(id=str(number), text=made_up(number), label="", dataset="made up") for number in ids]
    bank = QuestionBank.create(path, spec, questions)
    for name in LLMS:
        right = random.Random(name)
        with JsonlWriter(bank.evaluation_file(name), Evaluation) as writer:
            writer.append(Evaluation(question=q.id, correct=float(right.random() < 0.5)) for q in questions)


def made_up(number: int) -> str:
    """A question of about sixty words; negative numbers are not in the bank."""
    source = random.Random(number)
    first, second, third, fourth = (source.randint(2, 99) for _ in range(4))
    return (
        f"Question {number}. A train with {first} carriages leaves a town where {second} people live, and stops "
        f"{third} times before it arrives {fourth} minutes late. At each stop half of those on board get off and "
        "ten get on. How many people are on board when it arrives, and why?"
    )
