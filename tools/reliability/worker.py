"""The process that is killed: `python -m tools.reliability.worker OPERATION BANK URL`.

It prints `open` when it begins, and `done total` whenever the bank says that so much is safe.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from smacs.store.bank import QuestionBank
from smacs.store.merge import merge
from tools.reliability import material


def acknowledge(done: int, total: int) -> None:
    """Tell who reads; straight to the pipe, where a kill cannot hold it back."""
    os.write(1, f"{done} {total}\n".encode())


async def evaluate(bank: QuestionBank, url: str) -> None:
    """Ask an LLM what it was not asked yet."""
    from smacs.pool.calls.llm import LLM
    from smacs.pool.config import LLMSpec
    from smacs.pool.prompts import Prompts
    from smacs.store.evaluate import evaluate

    llm = LLM(material.LLM, LLMSpec(endpoint=url, in_flight=8, retries=0))
    await evaluate(bank, llm, Prompts.load(), on_progress=lambda summary: acknowledge(summary.done, summary.total))
    await llm.aclose()


async def index(bank: QuestionBank, url: str) -> None:
    """Embed the questions."""
    from smacs.pool.embed import make_embedder

    embedder = make_embedder(material.OLD.model_copy(update={"endpoint": url}))
    await bank.load(embedder, on_progress=acknowledge)
    await embedder.aclose()


async def import_(bank: QuestionBank, url: str) -> None:  # noqa: ARG001 - nothing is asked
    """Read questions, grades and vectors into the bank."""
    merge(
        bank,
        material.found(),
        on_progress=lambda report: acknowledge(report.questions_new + report.questions_known, material.IMPORTED),
    )


async def reembed(bank: QuestionBank, url: str) -> None:
    """Give the bank another embedder."""
    from smacs.pool.embed import make_embedder
    from smacs.store.index.move import new_embedder

    embedder = make_embedder(material.NEW.model_copy(update={"endpoint": url}))
    await new_embedder(bank, embedder, acknowledge)
    await embedder.aclose()


WORK: dict[str, Callable[[QuestionBank, str], Awaitable[None]]] = {
    "evaluate": evaluate,
    "index": index,
    "import": import_,
    "reembed": reembed,
}


async def main(operation: str, bank: str, url: str) -> None:
    """Do one operation to its end."""
    os.write(1, b"open\n")
    await WORK[operation](QuestionBank.open(bank), url)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
