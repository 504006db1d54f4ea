"""The rules: each by hand, what holds for all of them, and what the fitted one learns."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.nodes.vote import Ballots, Poll, find_rule, prior_order, sequential_vote, vote_rules
from smacs.nodes.vote.calibration import calibrate
from smacs.nodes.vote.rules.reliability import FittedReliability, Reliability
from smacs.nodes.vote.signals import SIGNALS

LLMS = 4
any_rule = pytest.mark.parametrize("name", list(vote_rules()))


def poll_of(codes: list[list[int]], priors: list[list[float]], correct: list[list[float]]) -> Poll:
    shape = np.array(codes).shape
    ballots = Ballots(np.array(codes, dtype=np.int32), np.zeros((*shape, len(SIGNALS)), dtype=np.float32))
    return Poll(ballots, np.array(priors), np.array(correct))


def test_every_rule_is_found_and_says_what_it_is() -> None:
    assert list(vote_rules()) == ["log_odds", "majority", "prior_weighted", "reliability"]
    assert all("\n" not in rule.summary and rule.summary for rule in vote_rules().values())
    with pytest.raises(InputError, match=r"no vote rule 'loudest'.*majority"):
        find_rule("loudest")


def test_majority_and_its_tie() -> None:
    bank = poll_of([[0, 1, 1], [0, 1, -1]], [[0.9, 0.2, 0.2], [0.6, 0.7, 0.1]], [[1, 0, 0], [0, 1, 0]])
    fitted = find_rule("majority").fit(bank)
    verdict = sequential_vote(fitted, bank.ballots, bank.priors, prior_order(bank.priors), 3)
    assert verdict.chosen.tolist() == [1, 1]  # two against one; then one against one, 0.7 against 0.6
    assert verdict.calls.tolist() == [3, 3]


def test_prior_weighted_follows_the_sum_of_priors() -> None:
    bank = poll_of([[0, 1, 1]] * 2, [[0.9, 0.2, 0.2], [0.9, 0.5, 0.5]], [[1, 0, 0]] * 2)
    fitted = find_rule("prior_weighted").fit(bank)
    assert sequential_vote(fitted, bank.ballots, bank.priors, prior_order(bank.priors), 3).chosen.tolist() == [0, 1]


def test_log_odds_are_the_bank_s_own_where_the_prior_says_nothing() -> None:
    # LLM 0 is right in 300 of 400: log 3. LLM 1 in 100 of 400: -log 3. Both wrong together 100 times, never alike,
    # so nothing is added for distractors.
    right = [[1.0, 0.0]] * 200 + [[1.0, 1.0]] * 100 + [[0.0, 0.0]] * 100
    codes = [[0, 1]] * 200 + [[0, 0]] * 100 + [[1, 2]] * 100
    bank = poll_of(codes, [[0.5, 0.5]] * 400, right)
    weights = find_rule("log_odds").fit(bank).votes(bank.ballots, bank.priors, np.tile([0, 1], (400, 1))).weights
    assert weights[0].tolist() == pytest.approx([math.log(3), -math.log(3)], abs=0.01)


def test_wrong_llms_that_scatter_make_agreement_worth_more() -> None:
    # As above, but of the 100 pairs of wrong answers every fourth is the same answer: log(4) is added.
    right = [[1.0, 0.0]] * 200 + [[1.0, 1.0]] * 100 + [[0.0, 0.0]] * 100
    codes = [[0, 1]] * 200 + [[0, 0]] * 100 + [[1, 2]] * 75 + [[1, 1]] * 25
    bank = poll_of(codes, [[0.5, 0.5]] * 400, right)
    weights = find_rule("log_odds").fit(bank).votes(bank.ballots, bank.priors, np.tile([0, 1], (400, 1))).weights
    assert weights[0].tolist() == pytest.approx([math.log(12), math.log(4 / 3)], abs=0.01)


def crowd(seed: int, n: int = 60, llms: int = LLMS) -> Poll:
    """LLMs of different strength; the right answer is 0; a reply's length hints at whether it is right."""
    rng = np.random.default_rng(seed)
    priors = rng.uniform(0.1, 0.9, (n, llms))
    right = rng.random((n, llms)) < priors
    codes = np.where(right, 0, rng.integers(1, 4, (n, llms)))
    codes = np.where(rng.random((n, llms)) < 0.1, -1, codes).astype(np.int32)
    signals = np.zeros((n, llms, len(SIGNALS)), dtype=np.float32)
    signals[:, :, 0] = rng.normal(size=(n, llms)) + right
    return Poll(Ballots(codes, signals), priors, np.where(codes < 0, 0, right).astype(np.float32))


def columns(poll: Poll, order: list[int]) -> Poll:
    ballots = Ballots(poll.ballots.codes[:, order], poll.ballots.signals[:, order])
    return Poll(ballots, poll.priors[:, order], poll.correct[:, order])


def decide(name: str, bank: Poll, asked: Poll, threshold: float = 1.0) -> list[int]:
    """The codes of the answers, -1 = none."""
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors)
    chosen = sequential_vote(fitted, asked.ballots, asked.priors, order, order.shape[1], threshold).chosen
    return [int(row[r]) if r >= 0 else -1 for row, r in zip(asked.ballots.codes, chosen, strict=True)]


@any_rule
@given(st.integers(0, 10_000), st.permutations(range(LLMS)))
def test_the_order_of_the_pool_does_not_matter(name: str, seed: int, order: list[int]) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    assert decide(name, bank, asked) == decide(name, columns(bank, order), columns(asked, order))


@any_rule
@given(st.integers(0, 10_000))
def test_an_llm_without_an_answer_counts_nothing(name: str, seed: int) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    asked.ballots.codes[:, 0] = -1
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors[:, 1:]) + 1
    without = sequential_vote(fitted, asked.ballots, asked.priors, order, LLMS - 1)
    whole = sequential_vote(fitted, asked.ballots, asked.priors, prior_order(asked.priors), LLMS)
    assert whole.chosen.tolist() == without.chosen.tolist()
    assert whole.probability.tolist() == pytest.approx(without.probability.tolist())


@any_rule
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_unanimous_replies_win(name: str, seed: int, code: int) -> None:
    asked = crowd(seed + 1, 20)
    asked.ballots.codes[:] = np.where(asked.ballots.codes < 0, -1, code)
    answered = np.any(asked.ballots.codes >= 0, axis=1).tolist()
    assert decide(name, crowd(seed), asked) == [code if yes else -1 for yes in answered]


@any_rule
@given(st.integers(0, 10_000))
def test_never_stopping_is_the_full_vote_and_stopping_never_costs_more(name: str, seed: int) -> None:
    bank, asked = crowd(seed), crowd(seed + 1, 20)
    fitted = find_rule(name).fit(bank)
    order = prior_order(asked.priors)
    full = sequential_vote(fitted, asked.ballots, asked.priors, order, LLMS)
    assert full.calls.tolist() == [LLMS] * 20
    spent = [sequential_vote(fitted, asked.ballots, asked.priors, order, LLMS, t).calls for t in (0.3, 0.6, 0.9, 1.0)]
    assert all(np.all(less <= more) for less, more in pairwise(spent))


@any_rule
@given(st.integers(0, 10_000), st.integers(1, LLMS - 1))
def test_replies_that_are_still_to_come_change_nothing(name: str, seed: int, k: int) -> None:
    fitted = find_rule(name).fit(crowd(seed))
    asked = crowd(seed + 1, 20)
    order = prior_order(asked.priors)
    whole = sequential_vote(fitted, asked.ballots, asked.priors, order, k)
    np.put_along_axis(asked.ballots.codes, order[:, k:], -1, axis=1)
    np.put_along_axis(asked.ballots.signals, order[:, k:, None], np.float32(0), axis=1)
    live = sequential_vote(fitted, asked.ballots, asked.priors, order, k)
    assert live.chosen.tolist() == whole.chosen.tolist()
    assert live.probability == pytest.approx(whole.probability)


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


def test_twins_count_less_than_two_voters() -> None:
    # LLMs 0 and 1 are copies, right half of the time; 2 is right six times in ten, on its own.
    rng = np.random.default_rng(5)
    n = 4000
    twin, other = rng.random(n) < 0.5, rng.random(n) < 0.6
    right = np.column_stack([twin, twin, other])
    codes = np.where(right, 0, np.column_stack([np.ones(n), np.ones(n), np.full(n, 2)])).astype(np.int32)
    poll = Ballots(codes, np.zeros((n, 3, len(SIGNALS)), dtype=np.float32))
    bank = Poll(poll, np.tile([0.5, 0.5, 0.6], (n, 1)), right.astype(np.float32))
    split = codes[:, 0] != codes[:, 2]
    answers = np.array(decide("reliability", bank, bank))
    assert (answers == codes[:, 2])[split].all()
    assert (np.array(decide("majority", bank, bank)) == codes[:, 0])[split].all()


def test_replies_that_give_themselves_away_are_believed() -> None:
    bank, asked = crowd(11, 1000), crowd(12, 1000)
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
    assert same.weights == pytest.approx(before.weights)
    assert same.worth == pytest.approx(before.worth)
    bank.ballots.signals[:, :, 0] += 1  # the length, at which `crowd` lets the right answers be known
    assert np.allclose(fitted.votes(bank.ballots, bank.priors, order).weights, before.weights) == (signals == 0)
