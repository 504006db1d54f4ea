"""What holds for every rule, and what the fitted one learns."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.nodes.vote import Ballots, Polled, find_rule, in_order, prior_order, rules
from smacs.nodes.vote.ballot import SIGNALS
from smacs.nodes.vote.calibration import calibrate
from smacs.nodes.vote.pooling import none_score, pool
from smacs.nodes.vote.reliability import FittedReliability, Reliability
from smacs.nodes.vote.tally import agreement, scores, support

LLMS = 4
any_rule = pytest.mark.parametrize("name", list(rules()))


def crowd(seed: int, n: int = 60, llms: int = LLMS) -> Polled:
    """LLMs of different strength; the right answer is 0; a reply's length hints at whether it is right."""
    rng = np.random.default_rng(seed)
    priors = rng.uniform(0.1, 0.9, (n, llms))
    right = rng.random((n, llms)) < priors
    codes = np.where(right, 0, rng.integers(1, 4, (n, llms)))
    codes = np.where(rng.random((n, llms)) < 0.1, -1, codes).astype(np.int32)
    signals = np.zeros((n, llms, len(SIGNALS)), dtype=np.float32)
    signals[:, :, 0] = rng.normal(size=(n, llms)) + right
    return Polled(Ballots(codes, signals), priors, np.where(codes < 0, 0, right).astype(np.float32))


def columns(polled: Polled, order: list[int]) -> Polled:
    poll = Ballots(polled.ballots.codes[:, order], polled.ballots.signals[:, order])
    return Polled(poll, polled.priors[:, order], polled.correct[:, order])


def decide(name: str, bank: Polled, asked: Polled, threshold: float = 1.0) -> list[int]:
    """The codes of the answers, -1 = none."""
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors)
    chosen = in_order(fitted, asked.ballots, asked.priors, order, order.shape[1], threshold).chosen
    return [int(row[r]) if r >= 0 else -1 for row, r in zip(asked.ballots.codes, chosen, strict=True)]


@any_rule
@settings(max_examples=15)
@given(st.integers(0, 10_000), st.permutations(range(LLMS)))
def test_the_order_of_the_pool_does_not_matter(name: str, seed: int, order: list[int]) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    assert decide(name, bank, asked) == decide(name, columns(bank, order), columns(asked, order))


@any_rule
@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_an_llm_without_an_answer_counts_nothing(name: str, seed: int) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    asked.ballots.codes[:, 0] = -1
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors[:, 1:]) + 1
    without = in_order(fitted, asked.ballots, asked.priors, order, LLMS - 1)
    whole = in_order(fitted, asked.ballots, asked.priors, prior_order(asked.priors), LLMS)
    assert whole.chosen.tolist() == without.chosen.tolist()
    assert whole.support.tolist() == pytest.approx(without.support.tolist())


@any_rule
@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_unanimous_replies_win(name: str, seed: int, code: int) -> None:
    asked = crowd(seed + 1, 20)
    asked.ballots.codes[:] = np.where(asked.ballots.codes < 0, -1, code)
    answered = np.any(asked.ballots.codes >= 0, axis=1).tolist()
    assert decide(name, crowd(seed), asked) == [code if yes else -1 for yes in answered]


@any_rule
@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_never_stopping_is_the_full_vote_and_stopping_never_costs_more(name: str, seed: int) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors)
    full = in_order(fitted, asked.ballots, asked.priors, order, LLMS)
    assert full.calls.tolist() == [LLMS] * 20
    spent = [in_order(fitted, asked.ballots, asked.priors, order, LLMS, t).calls for t in (0.3, 0.6, 0.9, 1.0)]
    assert all(np.all(less <= more) for less, more in pairwise(spent))


@any_rule
@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(1, LLMS - 1))
def test_replies_that_are_still_to_come_change_nothing(name: str, seed: int, k: int) -> None:
    fitted = find_rule(name).fit(crowd(seed))
    asked = crowd(seed + 1, 20)
    order = prior_order(asked.priors)
    whole = in_order(fitted, asked.ballots, asked.priors, order, k)
    np.put_along_axis(asked.ballots.codes, order[:, k:], -1, axis=1)
    np.put_along_axis(asked.ballots.signals, order[:, k:, None], np.float32(0), axis=1)
    live = in_order(fitted, asked.ballots, asked.priors, order, k)
    assert (live.chosen.tolist(), live.support.tolist()) == (whole.chosen.tolist(), whole.support.tolist())


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_a_new_llm_leaves_what_is_known_of_the_others_alone(seed: int) -> None:
    whole = crowd(seed)
    few = columns(whole, [0, 1, 2])
    known = Reliability().fit(few)
    joined = known.joined(whole)
    assert all(old is new for old, new in zip(known.members, joined.members, strict=False))
    assert joined.shared is known.shared
    order = prior_order(few.priors)
    before = known.votes(few.ballots, few.priors, order)
    after = joined.votes(whole.ballots, whole.priors, order)
    assert after.weights == pytest.approx(before.weights)
    again = Reliability().fit(whole)
    for old, new in zip(joined.members, again.members, strict=True):  # the fourth, too, needs its own column alone
        assert old.calibration.coefficients == pytest.approx(new.calibration.coefficients)


def test_grades_that_are_missing_are_left_out() -> None:
    bank = crowd(1, 200)
    bank.correct[50:, 1] = np.nan
    bank.correct[:, 2] = np.nan
    fitted = Reliability().fit(bank)
    assert isinstance(fitted, FittedReliability)
    votes = fitted.votes(bank.ballots, bank.priors, prior_order(bank.priors))
    assert np.isfinite(votes.weights).all()
    assert np.isfinite(votes.worth).all()
    few = calibrate(bank.priors[:50, [1]], bank.correct[:50, 1]).coefficients
    assert calibrate(bank.priors[:, [1]], bank.correct[:, 1]).coefficients.tolist() == pytest.approx(few.tolist())


def test_calibration_of_a_prior_without_information_is_the_mean() -> None:
    fit = calibrate(np.full((400, 1), 0.5), np.array([1.0] * 300 + [0.0] * 100))
    assert fit.log_odds(np.array([[0.5], [0.9]])).tolist() == pytest.approx([math.log(3)] * 2, abs=0.01)


@settings(max_examples=5)
@given(st.integers(0, 1_000))
def test_held_out_log_odds_are_those_of_a_fit_without_the_question(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(150, 2))
    y = (rng.random(150) < 1 / (1 + np.exp(-x[:, 0]))).astype(np.float64)
    whole = calibrate(x, y)
    for i in range(5):
        masked = y.copy()
        masked[i] = np.nan
        alone = calibrate(x, masked).log_odds(x[[i]])[0]
        assert whole.held_out[i] == pytest.approx(alone, abs=0.15, rel=0.1)  # a formula, not a fit


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
    fitted = pool(x, w, same, right)
    assert [*fitted.reply, *fitted.answer] == pytest.approx([1.0, 0.5], abs=0.06)
    scored = scores(same, x @ fitted.reply, w @ fitted.answer)
    s = none_score(same, scored, right)
    assert s == pytest.approx(1.0, abs=0.06)
    # What s is there for: as many answers are expected to be right as are.
    assert support(same, scored - s).sum() == pytest.approx(right.sum(), rel=0.001)


def test_twins_count_less_than_two_voters() -> None:
    # LLMs 0 and 1 are copies, right half of the time; 2 is right six times in ten, on its own.
    rng = np.random.default_rng(5)
    n = 4000
    twin, other = rng.random(n) < 0.5, rng.random(n) < 0.6
    right = np.column_stack([twin, twin, other])
    codes = np.where(right, 0, np.column_stack([np.ones(n), np.ones(n), np.full(n, 2)])).astype(np.int32)
    poll = Ballots(codes, np.zeros((n, 3, len(SIGNALS)), dtype=np.float32))
    bank = Polled(poll, np.tile([0.5, 0.5, 0.6], (n, 1)), right.astype(np.float32))
    split = codes[:, 0] != codes[:, 2]
    answers = np.array(decide("reliability", bank, bank))
    assert (answers == codes[:, 2])[split].all()
    assert (np.array(decide("majority", bank, bank)) == codes[:, 0])[split].all()


def test_replies_that_give_themselves_away_are_believed() -> None:
    bank, asked = crowd(11, 2000), crowd(12, 2000)
    accuracy = {name: np.mean(np.array(decide(name, bank, asked)) == 0) for name in ("log_odds", "reliability")}
    assert accuracy["reliability"] > accuracy["log_odds"] + 0.02


@pytest.mark.parametrize(("reads", "signals"), [("prior", 0), ("reply", 12), ("reply and option", len(SIGNALS))])
def test_a_setting_says_which_signals_are_read(reads: str, signals: int) -> None:
    """Seven figures of a reply's style and five of its match; the others are about the option that it chose."""
    bank = crowd(11, 300)
    fitted = Reliability(reads=reads).fit(bank)
    order = prior_order(bank.priors)
    before = fitted.votes(bank.ballots, bank.priors, order)
    bank.ballots.signals[:, :, signals:] += 1
    same = fitted.votes(bank.ballots, bank.priors, order)
    assert (same.weights.tolist(), same.worth.tolist()) == (before.weights.tolist(), before.worth.tolist())
    bank.ballots.signals[:, :, 0] += 1  # the length, at which `crowd` lets the right answers be known
    assert np.allclose(fitted.votes(bank.ballots, bank.priors, order).weights, before.weights) == (signals == 0)
