"""Keywords: the skills that questions ask for, as an LLM names them; `keywords.jsonl` in a bank's folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.io.jsonl import read_jsonl

MOST = 5  # keywords of a question
_LONGEST = 40  # characters: more is a sentence
_SEPARATOR = re.compile(r"[,;\n]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])?\s*(?:keywords?:)?", re.IGNORECASE)


class Keywords(msgspec.Struct, frozen=True):
    """The keywords of one bank question."""

    question: str
    keywords: list[str]


def keywords_file(bank: Path) -> Path:
    """Where the keywords of the bank in a folder are."""
    return bank / "keywords.jsonl"


def read_keywords(bank: Path) -> dict[str, list[str]]:
    """Question id -> keywords; the last line of a question counts. Raises BankError for a broken line."""
    return {item.question: item.keywords for item in read_jsonl(keywords_file(bank), Keywords)}


def parse_keywords(reply: str) -> list[str]:
    """The keywords of a reply in lower case, each once."""
    parts = (_BULLET.sub("", part).strip(" .*\"'`").lower() for part in _SEPARATOR.split(reply))
    return list(dict.fromkeys(part for part in parts if 1 < len(part) <= _LONGEST))[:MOST]


async def name_keywords(
    llm: LLM,
    prompts: Prompts,
    question: str,
    *,
    sampling: Mapping[str, Any],
    seed: int | None = None,
    timeout: float | None = None,
) -> tuple[list[str], Reply | Failure]:
    """The keywords of a question, and the call; none where it failed or named none."""
    result = await llm.call(prompts.naming(question), sampling=sampling, seed=seed, timeout=timeout)
    return parse_keywords(result.choices[0].text) if isinstance(result, Reply) else [], result
