"""Selectors: ways to say, before any call, how likely each LLM is to answer a question correctly.

Each is one file of this package that ends in `SELECTOR = ...`; `selectors()` finds them all.
"""

from smacs.nodes.selectors.registry import find_selector, selectors
from smacs.nodes.selectors.selector import Fitted, Known, Queries, Selector

__all__ = ["Fitted", "Known", "Queries", "Selector", "find_selector", "selectors"]
