"""`smacs bank evaluate` against a server with 64 slots: how busy it keeps them, and the CPU that a call takes.

The command runs as a user runs it, in a process of its own with its progress display; replies take 0.3 to 0.6 s.
"""

import os
import random
import tempfile
from pathlib import Path

from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.records import Question
from tools.mock import MockServer
from tools.speed.figure import Figure
from tools.speed.world import run

LLM = "llm"
SLOTS = 64
CALLS = 6000
LATENCY, JITTER = 0.3, 0.3
WORDS = 300

POOL = """
aggregators = ["{llm}"]
[llms."{llm}"]
endpoint = "{url}"
in_flight = {slots}
"""


def measure() -> list[Figure]:
    """Share of the slots' time in which they work, target 0.95; CPU of the whole process by call, target 5 ms."""
    with MockServer() as mock, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mock.set(LLM, latency=LATENCY, jitter=JITTER, text=f"{'word ' * WORDS}\nThe answer is (B). So it is 2.")
        make_bank(folder / "bank")
        (folder / "pool.toml").write_text(POOL.format(llm=LLM, url=mock.url, slots=SLOTS))
        cpu = run(folder, "bank", "evaluate", "--bank", "bank", "--pool", "pool.toml")
        count = mock.stats().of(LLM)
        graded = len(QuestionBank.open(folder / "bank").evaluations(LLM))
    if count.requests != CALLS or graded != CALLS:
        raise RuntimeError(f"{count.requests} calls and {graded} cells, expected {CALLS} of both")
    wall = count.last - count.first
    busy = count.busy / (SLOTS * wall)
    details = {"calls": CALLS, "seconds": wall, "cpu_seconds": cpu, "load": os.getloadavg()[0]}
    return [
        Figure(name="evaluation, busy slots", value=busy, target=0.95, at_least=True, details=details),
        Figure(name="evaluation, CPU by call", value=1000 * cpu / CALLS, unit="ms", target=5.0),
        Figure(name="evaluation, calls", value=CALLS / wall, unit="/s"),
    ]


def make_bank(path: Path) -> None:
    """Numbers and multiple choice, by turns."""
    QuestionBank.create(path, EmbedderSpec(model="none", dimension=8), map(question, range(CALLS)))


def question(number: int) -> Question:
    """One of about sixty words; the number 2 or the letter B is right."""
    words = " ".join(random.Random(number).choices(["train", "stops", "people", "minutes", "and", "how many"], k=60))
    if number % 2:
        return Question(id=str(number), text=f"{number}: {words}?", label="2", task="math", grader="number")
    text = f"{number}: {words}?\n(A) iron\n(B) gold\n(C) lead"
    return Question(id=str(number), text=text, label="B", task="choice", grader="choice")
