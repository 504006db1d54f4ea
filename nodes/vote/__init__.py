"""Votes: ways to make one answer of the replies of several LLMs, without another call.

`rules/` has one rule a file, `rule` what all of them are, `signals` the figures of a reply that a rule may weigh,
`calibration` how likely one LLM's answer is right, and `belief` how sure the replies so far make us of each answer and
when to stop calling: `in_order` runs any rule, with all k replies or with early stopping.
"""

from smacs.nodes.vote.belief import Verdict, budgeted, in_order, prior_order
from smacs.nodes.vote.rule import FittedRule, Poll, Rule, find_rule, vote_rules
from smacs.nodes.vote.signals import Ballots, ballots

__all__ = [
    "Ballots",
    "FittedRule",
    "Poll",
    "Rule",
    "Verdict",
    "ballots",
    "budgeted",
    "find_rule",
    "in_order",
    "prior_order",
    "vote_rules",
]
