"""Skills by keyword: an LLM names those of a question, each stands for the nearest keyword of the bank.

The bank's own are in `keywords.jsonl`, which `smacs bank keywords` writes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from smacs.nodes.aggregator import aggregators
from smacs.nodes.embed import embed
from smacs.nodes.records import Usage, unread, usage_of
from smacs.nodes.run import Run, Tools, call_seed
from smacs.nodes.skills import Codes, Skills
from smacs.pool.errors import BankError
from smacs.pool.replies import Failure
from smacs.store.files import Stamp, stamp
from smacs.store.keywords import keywords_file, name_keywords, read_keywords
from smacs.store.once import Once

if TYPE_CHECKING:
    from smacs.store.view import BankView

Vectors = npt.NDArray[np.float32]
Key = tuple[tuple[str, ...], Stamp]  # the LLMs, and the state of the keywords' file


@dataclass(frozen=True, slots=True, eq=False)
class KeywordSkills:
    """G keywords of a bank: `vectors` (G, d) of length 1, and what the LLMs got right of each."""

    vectors: Vectors
    skills: Skills

    def nearest(self, vectors: Vectors) -> Codes:
        """(s,) the keyword that is most similar to each of `vectors` (s, d)."""
        return np.asarray((vectors @ self.vectors.T).argmax(axis=1), np.int64)


_known: "WeakKeyDictionary[BankView, dict[Key, KeywordSkills]]" = WeakKeyDictionary()
_makes = Once[tuple[int, Key], KeywordSkills]()


def has_keywords(tools: Tools) -> bool:
    """Whether the bank's questions have keywords."""
    return stamp(keywords_file(tools.bank.path))[1] > 0


async def bank_keywords(view: "BankView", llms: Sequence[str], tools: Tools, seconds: float) -> KeywordSkills:
    """The keywords of the bank, embedded once for each state of it, within so many seconds.

    Raises EmbedderDownError, BankError.
    """
    key = (tuple(llms), await asyncio.to_thread(stamp, keywords_file(tools.bank.path)))
    found = _known.get(view, {}).get(key)
    return found or await _makes.run((id(view), key), lambda: _make(view, key, tools, seconds), means=tools.pool)


async def question_keywords(question: str, tools: Tools, run: Run) -> tuple[list[str], list[Usage], list[str]]:
    """The keywords that the first aggregator which names any gives a question; the calls; who failed and why."""
    usage: list[Usage] = []
    reasons: list[str] = []
    settings = tools.settings
    for llm in aggregators(tools):
        seed = call_seed(settings.seed, "keywords", llm.name, question)
        named, result = await name_keywords(
            llm, tools.prompts, question, sampling=settings.sampling, seed=seed, timeout=run.time_left()
        )
        usage.append(usage_of(result))
        reasons += unread(result)
        if named:
            return named, usage, reasons
        why = f"{result.kind}: {result.message}" if isinstance(result, Failure) else f"{llm.name} named none"
        reasons.append(f"the question's skills are not named: {why}")
    return [], usage, reasons


async def _make(view: "BankView", key: Key, tools: Tools, seconds: float) -> KeywordSkills:
    words = await asyncio.to_thread(read_keywords, tools.bank.path)
    numbers = {word: g for g, word in enumerate(sorted({word for own in words.values() for word in own}))}
    vectors = await embed(list(numbers), tools, seconds)
    skills = await asyncio.to_thread(_skills, view, key[0], words, numbers)
    found = KeywordSkills(vectors, skills)
    _known.setdefault(view, {})[key] = found
    return found


def _skills(
    view: "BankView", llms: Sequence[str], words: Mapping[str, Sequence[str]], numbers: Mapping[str, int]
) -> Skills:
    pairs = [(i, numbers[word]) for i, name in enumerate(view.questions.ids()) for word in words.get(name, ())]
    if not pairs:
        raise BankError("keywords.jsonl names no question of its bank: delete it, or run `smacs bank keywords`.")
    questions, codes = np.array(pairs, np.int64).reshape(-1, 2).T
    return Skills.of(questions, codes, view.correctness(llms, np.arange(len(view))), len(numbers))
