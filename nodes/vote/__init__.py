"""Votes: ways to make one answer of the replies of several LLMs, without another call.

Each rule is one file of this package that ends in `RULE = ...`; `rules()` finds them all. `in_order` runs any of them,
with all k replies or with early stopping.
"""

from smacs.nodes.vote.ballot import Ballots, ballots
from smacs.nodes.vote.registry import find_rule, rules
from smacs.nodes.vote.rule import FittedRule, Polled, Rule
from smacs.nodes.vote.sequential import Verdict, budgeted, in_order, prior_order

__all__ = [
    "Ballots",
    "FittedRule",
    "Polled",
    "Rule",
    "Verdict",
    "ballots",
    "budgeted",
    "find_rule",
    "in_order",
    "prior_order",
    "rules",
]
