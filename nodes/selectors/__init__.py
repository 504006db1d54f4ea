"""Selectors: ways to say, before any call, how likely each LLM is to answer a question correctly.

Each is one file of this package that ends in `SELECTOR = ...`; `selectors()` finds them all. What they share is in
`shared/`.
"""

from smacs.nodes.selectors.shared.selector import Fitted, Queries, Selector, TrainingSet, find_selector, selectors

__all__ = ["Fitted", "Queries", "Selector", "TrainingSet", "find_selector", "selectors"]
