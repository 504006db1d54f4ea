"""The folder that the server works in: a pool of five LLMs at five endpoints, a small bank, two API keys.

The first aggregator has two replicas. Deadlines are short, so that even the last one who waits has an answer in time:
`WAITING / RUNNING` questions before its own, of `QUESTION` seconds and one more to choose in, are over by `REQUEST`.
"""

from collections.abc import Sequence
from pathlib import Path

from smacs.server.keyfile import Limits, create_key
from tools.soak.load import KEYS
from tools.speed.world import EMBEDDER, make_bank

RUNNING, WAITING = 16, 16  # questions
CALL, QUESTION, REQUEST = 4.0, 10.0, 25.0  # deadlines in seconds
ENDPOINTS = 6
SERVED_BY = {"llm-0": (0, 1), "llm-1": (1,), "llm-2": (2,), "llm-3": (3,), "llm-4": (4,)}
EMBEDS = 5
LIMITS = {"large": Limits(), "small": Limits(running=1)}

POOL = """
aggregators = ["llm-0", "llm-2"]

[settings]
k = 4
n = 4
deadline = {question}

[embedder]
kind = "openai"
model = "{embedder}"
endpoint = "{url}"
deadline = 2.0
"""
LLM = """
[llms.{name}]
endpoints = {urls}
deadline = {call}
retries = 1
"""


def furnish(folder: Path, urls: Sequence[str]) -> dict[str, str]:
    """Write all files; the API keys by name. `urls` are those of the endpoints."""
    pool = [POOL.format(question=QUESTION, embedder=EMBEDDER, url=urls[EMBEDS])]
    for name, numbers in SERVED_BY.items():
        pool.append(LLM.format(name=name, urls=[urls[number] for number in numbers], call=CALL))
    (folder / "pool.toml").write_text("".join(pool))
    make_bank(folder / "bank")
    return {name: create_key(folder / "keys.json", name, LIMITS[name]) for name in KEYS}


def environment(folder: Path) -> dict[str, str]:
    """The server's settings."""
    return {
        "SMACS_SERVER_KEYS_FILE": str(folder / "keys.json"),
        "SMACS_SERVER_RUNNING": str(RUNNING),
        "SMACS_SERVER_WAITING": str(WAITING),
        "SMACS_SERVER_DEADLINE": str(REQUEST),
    }
