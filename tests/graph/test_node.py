"""Nodes in sync code: what a program that closes nothing leaves behind."""

import subprocess
import sys

import pytest

from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

PROGRAM = """
import sys
from smacs import Pool, build_graph
url, bank = sys.argv[1:]
pool = Pool.from_dict({
    "aggregators": ["llm-0"],
    "llms": {"llm-0": {"endpoint": url}},
    "embedder": {"kind": "openai", "model": "mock-embedder", "endpoint": url},
})
print(build_graph(pool, bank, settings={"n": 1}).compile().invoke({"question": "2 + 2?"})["answer"])
"""


@pytest.mark.slow
def test_a_sync_program_that_closes_nothing_ends_in_silence(mock: MockServer, bank: QuestionBank) -> None:
    mock.set("llm-0", text="Four.")
    command = [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", PROGRAM, mock.url, str(bank.path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, "Four."), ran.stderr
    assert "Unclosed" not in ran.stderr
