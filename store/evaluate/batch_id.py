"""The `custom_id` of a batch request: which LLM, which question, asked how.

It is made of digests: 48 characters (hosts allow 64) out of a-z, 0-9 and "-", whatever an id or a name holds, and the
same in every process. A question's digest covers its text: an id like "1" of another bank is not taken for this one's.
"""

import hashlib
import re
from typing import Any, NamedTuple

import orjson

from smacs.store.evaluate.grading import Grading
from smacs.store.records import Question

_FORM = re.compile(r"smacs-([0-9a-f]{12})-([0-9a-f]{20})-([0-9a-f]{8})")


class BatchId(NamedTuple):
    """The parts of a custom_id, each a digest."""

    llm: str
    question: str
    asked: str

    def __str__(self) -> str:
        return f"smacs-{self.llm}-{self.question}-{self.asked}"


def read_batch_id(text: str) -> BatchId | None:
    """The parts of a custom_id that `BatchId` has written, None for any other."""
    found = _FORM.fullmatch(text)
    return BatchId(*found.groups()) if found else None


def llm_digest(name: str) -> str:
    """12 hex digits for an LLM."""
    return _digest(name)[:12]


def question_digest(question: Question) -> str:
    """20 hex digits for a question."""
    return _digest([question.id, question.text])[:20]


def asked_digest(question: Question, grading: Grading) -> str:
    """8 hex digits for the prompt and the sampling."""
    return _digest([grading.prompts.id(question.task), grading.sampling])[:8]


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
