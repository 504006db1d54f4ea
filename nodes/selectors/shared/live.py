"""A selector on one question of the graph: fitted once for each state of the bank, then asked.

Its settings are those that `smacs bank choose` left in the bank, else the defaults.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from smacs.errors import InputError
from smacs.nodes.selectors.shared.selector import Fitted, Floats, Queries, Selector, TrainingSet, Vectors, find_selector
from smacs.nodes.shared.tuning import with_settings
from smacs.store.chosen import FILE as CHOSEN
from smacs.store.io.once import Once
from smacs.store.view import BankView

Key = tuple[str, tuple[str, ...]]  # the selector, and the LLMs in the order of their scores

_fitted: "WeakKeyDictionary[BankView, dict[Key, Fitted]]" = WeakKeyDictionary()
_fits = Once[tuple[int, Key], Fitted]()


async def live_scores(view: BankView, llms: Sequence[str], selector: str, query: Vectors, question: str) -> Floats:
    """(R,) scores of the LLMs for a question with embedding `query` (d,). Raises InputError for an unknown selector."""
    key = (selector, tuple(llms))
    fitted = _fitted.get(view, {}).get(key)
    if fitted is None:
        fitted = await _fits.run((id(view), key), lambda: asyncio.to_thread(_fit, view, key))
    scores = await asyncio.to_thread(fitted.scores, Queries.live(query[None], [question]))
    return np.asarray(scores[0], np.float64)


def _fit(view: BankView, key: Key) -> Fitted:
    selector, llms = key
    correct = view.correctness(llms, np.arange(len(view)))
    training = TrainingSet(view.matrix, correct, view.datasets.codes, view.subjects.codes, _Texts(view))
    fitted = _chosen(view, selector).fit(training)
    _fitted.setdefault(view, {})[key] = fitted
    return fitted


def _chosen(view: BankView, name: str) -> Selector:
    """The selector with the settings that the bank has for it."""
    selector = find_selector(name)
    try:
        return with_settings(selector, view.settings.get(name, {}))
    except InputError as error:
        raise InputError(f"{CHOSEN} of the bank, {name}: {error}. Choose anew: smacs bank choose") from error


class _Texts(Sequence[str]):
    """The texts of a bank, read from the disk by the selector that wants them."""

    def __init__(self, view: BankView) -> None:
        self._questions = view.questions

    def __len__(self) -> int:
        return len(self._questions)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(len(self))[i]]
        return self._questions[range(len(self))[i]].text
