"""Votes: ways to make one answer of the replies of several LLMs, without another call.

`rules/` has one rule a file, `rule` what all of them are, `signals` the figures of a reply that a rule may weigh,
`calibration` how likely one LLM's answer is right, and `belief` how sure the replies so far make us of each answer and
when to stop calling: `sequential_vote` runs any rule, with all k replies or with early stopping.
"""

from smacs.nodes.vote.belief import Verdict, budget_threshold, prior_order, sequential_vote
from smacs.nodes.vote.rule import FittedRule, Poll, Rule, find_rule, vote_rules
from smacs.nodes.vote.signals import Ballots, ballots

__all__ = [
    "Ballots",
    "FittedRule",
    "Poll",
    "Rule",
    "Verdict",
    "ballots",
    "budget_threshold",
    "find_rule",
    "prior_order",
    "sequential_vote",
    "vote_rules",
]
