"""Skills: what each LLM got right and wrong of what the bank's questions ask for (Symbolic-MoE, arXiv 2503.05641).

With V of eq. 1, the profile of an LLM is

    profile of skill s = sum over the questions that ask for s of (2 V - 1)      +1 for a right, -1 for a wrong answer

where a cell that was never evaluated counts like the mean of those that were. Its strength is the sum of its profile,
squared and normalised over the LLMs, its suitability for a question the sum of its profile over the question's skills
times its strength. LLMs that are not suitable at all (a sum of 0 or less) are left out, unless all are.

Where the bank has keywords (`smacs bank keywords`) they are the skills, and a question's own are named by an LLM and
compared with them by their embeddings. Else the skill of a bank question is its subject, or its data set if it has
none, and a question has the skills of the nearest support questions.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from smacs.errors import BankError
from smacs.nodes.aggregator import aggregators
from smacs.nodes.selectors.shared.columns import Columns
from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.records import Usage, unread, usage_of
from smacs.nodes.shared.run import Run, Support, Tools
from smacs.pool.calls.replies import Failure
from smacs.store.io.files import Stamp, stamp
from smacs.store.io.once import Once
from smacs.store.keywords import keywords_file, name_keywords, read_keywords
from smacs.store.view import BankView

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Key = tuple[tuple[str, ...], Stamp]  # the LLMs, and the state of the keywords' file

NEAREST = 5  # bank questions that lend a question their skills


@dataclass(frozen=True, slots=True, eq=False)
class Skills:
    """G skills, R LLMs: `profiles` (G, R), `strengths` (R,), `shares` (R,) of the draws for all bank questions."""

    profiles: Floats
    strengths: Floats
    shares: Floats

    @classmethod
    def of(cls, questions: Codes, codes: Codes, correct: npt.NDArray[np.float32], count: int) -> "Skills":
        """From pairs of a question and one of `count` skills that it asks for, both (P,), and V (N, R)."""
        columns, sizes = Columns.of(correct[questions]), np.bincount(codes, minlength=count)
        accuracies = columns.by_group(codes.astype(np.int32), count, Columns.of(correct).means)
        profiles = (2 * accuracies - 1) * sizes[:, None]
        strengths = strengths_of(profiles.sum(axis=0))
        sums = np.zeros((len(correct), len(strengths)))
        np.add.at(sums, questions, profiles[codes])
        draws = probabilities(suitabilities(sums[np.unique(questions)], strengths))
        return cls(profiles, strengths, draws.mean(axis=0))

    def suitability(self, codes: Codes) -> Floats:
        """(R,) of each LLM for a question that asks for the skills `codes` (s,)."""
        return np.asarray(suitabilities(self.profiles[codes].sum(axis=0, keepdims=True), self.strengths)[0])


def strengths_of(totals: Floats) -> Floats:
    """(R,) squared and normalised, from summed profiles (R,); all are shifted to 1 and more where one is not positive.

    [-3, 1] -> [1, 5] -> [1/26, 25/26]
    """
    return probabilities(_positive(totals) ** 2)


def suitabilities(sums: Floats, strengths: Floats) -> Floats:
    """(m, R) from profiles summed over the skills of m questions (m, R) and strengths (R,)."""
    hopeless = (sums <= 0).all(axis=1)
    weights = np.maximum(sums, 0)
    weights[hopeless] = _positive(sums[hopeless])
    return np.asarray(weights * strengths)


def probabilities(weights: Floats) -> Floats:
    """Weights divided by their sum, along the last axis."""
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _positive(values: Floats) -> Floats:
    least = values.min(axis=-1, keepdims=True)
    return np.where(least > 0, values, values - least + 1)


@dataclass(frozen=True, slots=True, eq=False)
class KeywordSkills:
    """G keywords of a bank: `vectors` (G, d) of length 1, and what the LLMs got right of each."""

    vectors: Vectors
    skills: Skills

    def nearest(self, vectors: Vectors) -> Codes:
        """(s,) the keyword that is most similar to each of `vectors` (s, d)."""
        return np.asarray((vectors @ self.vectors.T).argmax(axis=1), np.int64)


_by_keywords: "WeakKeyDictionary[BankView, dict[Key, KeywordSkills]]" = WeakKeyDictionary()
_makes = Once[tuple[int, Key], KeywordSkills]()


def has_keywords(tools: Tools) -> bool:
    """Whether the bank's questions have keywords."""
    return stamp(keywords_file(tools.bank.path))[1] > 0


async def bank_keywords(view: BankView, llms: Sequence[str], tools: Tools, seconds: float) -> KeywordSkills:
    """The keywords of the bank, embedded once for each state of it, within so many seconds.

    Raises EmbedderDownError, BankError.
    """
    key = (tuple(llms), await asyncio.to_thread(stamp, keywords_file(tools.bank.path)))
    found = _by_keywords.get(view, {}).get(key)
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


async def _make(view: BankView, key: Key, tools: Tools, seconds: float) -> KeywordSkills:
    words = await asyncio.to_thread(read_keywords, tools.bank.path)
    numbers = {word: g for g, word in enumerate(sorted({word for own in words.values() for word in own}))}
    vectors = await tools.embed(list(numbers), seconds)
    skills = await asyncio.to_thread(_skills, view, key[0], words, numbers)
    found = KeywordSkills(vectors, skills)
    _by_keywords.setdefault(view, {})[key] = found
    return found


def _skills(
    view: BankView, llms: Sequence[str], words: Mapping[str, Sequence[str]], numbers: Mapping[str, int]
) -> Skills:
    pairs = [(i, numbers[word]) for i, name in enumerate(view.questions.ids()) for word in words.get(name, ())]
    if not pairs:
        raise BankError("keywords.jsonl names no question of its bank: delete it, or run `smacs bank keywords`.")
    questions, codes = np.array(pairs, np.int64).reshape(-1, 2).T
    return Skills.of(questions, codes, view.correctness(llms, np.arange(len(view))), len(numbers))


_by_subjects: "WeakKeyDictionary[BankView, dict[tuple[str, ...], tuple[Codes, Skills]]]" = WeakKeyDictionary()


def by_subjects(view: BankView, llms: Sequence[str], support: Support) -> tuple[Codes, Skills]:
    """The skills (s,) of the nearest support questions, or of the whole bank if none is near; and all there are."""
    codes, skills = _bank_skills(view, llms)
    order = np.argsort(-support.similarities, kind="stable")[: None if support.blind else NEAREST]
    return codes[support.indices[order]], skills


def skill_codes(view: BankView) -> Codes:
    """(N,) the skill of each bank question as a number."""
    subjects, datasets = view.subjects, view.datasets
    nameless = np.array([not name for name in subjects.names])[subjects.codes]
    merged = np.where(nameless, len(subjects.names) + datasets.codes, subjects.codes)
    return np.unique(merged, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _bank_skills(view: BankView, llms: Sequence[str]) -> tuple[Codes, Skills]:
    """Worked out once for each state of a bank."""
    known = _by_subjects.setdefault(view, {})
    key = tuple(llms)
    if key not in known:
        codes, rows = skill_codes(view), np.arange(len(view))
        known[key] = codes, Skills.of(rows, codes, view.correctness(llms, rows), int(codes.max()) + 1)
    return known[key]
