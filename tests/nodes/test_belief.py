"""Belief: how sure the replies make us, when the calls end, and what they cost."""

import math

import numpy as np
import pytest

from smacs.nodes.vote import Ballots, Poll, budget_threshold, find_rule, prior_order, sequential_vote
from smacs.nodes.vote.belief import agreement, fit_pooling, none_score, probabilities, scores
from smacs.nodes.vote.rule import FittedRule
from smacs.nodes.vote.signals import SIGNALS

NAN = float("nan")


def bank(codes: list[list[int]]) -> Poll:
    shape = np.array(codes).shape
    ballots = Ballots(np.array(codes, dtype=np.int32), np.zeros((*shape, len(SIGNALS)), dtype=np.float32))
    return Poll(ballots, np.tile([0.9, 0.8, 0.7], (shape[0], 1)), np.full(shape, NAN))


def majority(poll: Poll) -> FittedRule:
    return find_rule("majority").fit(poll)


def test_probabilities_by_hand() -> None:
    # LLMs 0 and 2 answer 5 with weights 1 and 0.5, LLM 1 answers 3 with weight 1; LLM 3 has no answer.
    # exp(1.5) = 4.4817, exp(1) = 2.7183, 1 for "none": total 8.2.
    same = agreement(np.array([[5, 3, 5, -1]]), np.ones((1, 4), dtype=bool))
    total = math.exp(1.5) + math.exp(1) + 1
    expected = [math.exp(1.5) / total, math.exp(1) / total, math.exp(1.5) / total, 0]
    weights = np.array([[1.0, 1.0, 0.5, 9.0]])
    assert probabilities(same, scores(same, weights, np.zeros((1, 4))))[0].tolist() == pytest.approx(expected)
    # What an answer is worth by itself counts once, however many gave it.
    assert scores(same, weights, np.array([[2.0, 0.0, 2.0, 0.0]]))[0] == pytest.approx([3.5, 1.0, 3.5, -math.inf])


def test_calls_end_when_the_answer_is_sure_enough() -> None:
    # Majority: one vote e/(1+e) = 0.731, two alike e^2/(1+e^2) = 0.881, one against one e/(1+2e) = 0.422,
    # two against one e^2/(1+e+e^2) = 0.665.
    poll = bank([[4, 4, 5], [4, 5, 5], [4, 5, 6]])
    order = prior_order(poll.priors)
    sure = sequential_vote(majority(poll), poll.ballots, poll.priors, order, 3, threshold=0.8)
    assert sure.calls.tolist() == [2, 3, 3]
    assert sure.chosen.tolist() == [0, 1, 0]
    first = sequential_vote(majority(poll), poll.ballots, poll.priors, order, 3, threshold=0.7)
    assert first.calls.tolist() == [1, 1, 1]
    assert first.chosen.tolist() == [0, 0, 0]


def test_the_order_of_calls_is_the_caller_s() -> None:
    poll = bank([[4, 4, 5]])
    verdict = sequential_vote(majority(poll), poll.ballots, poll.priors, np.array([[2, 0, 1]]), 1)
    assert (verdict.chosen.tolist(), verdict.calls.tolist()) == ([2], [1])


def test_the_budget_is_kept_on_the_bank() -> None:
    # Two of three alike: 2 calls for the first kind, 3 for the others. 5 calls for 2 questions fit 2.5 a question.
    poll = bank([[4, 4, 5], [4, 5, 5]])
    order = prior_order(poll.priors)
    threshold = budget_threshold(majority(poll), poll, order, 3, 2.5)
    assert sequential_vote(majority(poll), poll.ballots, poll.priors, order, 3, threshold).calls.tolist() == [2, 3]
    cheap = budget_threshold(majority(poll), poll, order, 3, 2.4)
    assert sequential_vote(majority(poll), poll.ballots, poll.priors, order, 3, cheap).calls.tolist() == [1, 1]
    assert budget_threshold(majority(poll), poll, order, 3, 3.0) == pytest.approx(1.0)


def test_one_live_question_is_a_batch_of_one() -> None:
    poll = bank([[4, 4, 5], [4, 5, 5], [4, 5, 6]])
    order = prior_order(poll.priors)
    fitted = majority(poll)
    whole = sequential_vote(fitted, poll.ballots, poll.priors, order, 3, threshold=0.8)
    for i in range(3):
        one = sequential_vote(fitted, poll.ballots.take(np.array([i])), poll.priors[[i]], order[[i]], 3, threshold=0.8)
        assert one.chosen[0] == whole.chosen[i]
        assert one.calls[0] == whole.calls[i]


def test_nobody_answered() -> None:
    poll = bank([[-1, -1, -1]])
    verdict = sequential_vote(majority(poll), poll.ballots, poll.priors, prior_order(poll.priors), 3)
    assert (verdict.chosen.tolist(), verdict.calls.tolist()) == ([-1], [3])
    assert verdict.probability == pytest.approx([0.0])


def test_pooling_finds_the_numbers_that_made_the_data() -> None:
    # Two LLMs that never agree; figures x of the reply, w of the answer: S = x + 0.5 w - s, with s = 1.
    rng = np.random.default_rng(3)
    n = 20_000
    x, w = rng.normal(size=(2, n, 2, 1))
    odds = np.exp(x + 0.5 * w - 1)[:, :, 0]
    chance = np.cumsum(odds / (1 + odds.sum(axis=1, keepdims=True)), axis=1)
    draw = rng.random(n)
    right = np.column_stack([draw < chance[:, 0], (draw >= chance[:, 0]) & (draw < chance[:, 1])])
    same = agreement(np.tile([0, 1], (n, 1)), np.ones((n, 2), dtype=bool))
    fitted = fit_pooling(x, w, same, right)
    assert [*fitted.reply, *fitted.answer] == pytest.approx([1.0, 0.5], abs=0.06)
    scored = scores(same, x @ fitted.reply, w @ fitted.answer)
    s = none_score(same, scored, right)
    assert s == pytest.approx(1.0, abs=0.06)
    # What s is there for: as many answers are expected to be right as are.
    assert probabilities(same, scored - s).sum() == pytest.approx(right.sum(), rel=0.001)
