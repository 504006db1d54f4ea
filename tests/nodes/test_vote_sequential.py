"""Early stopping: when the calls end, and what they cost."""

import numpy as np

from smacs.nodes.vote import Ballots, Polled, budgeted, find_rule, in_order, prior_order
from smacs.nodes.vote.ballot import SIGNALS
from smacs.nodes.vote.rule import FittedRule

NAN = float("nan")


def bank(codes: list[list[int]]) -> Polled:
    shape = np.array(codes).shape
    poll = Ballots(np.array(codes, dtype=np.int32), np.zeros((*shape, len(SIGNALS)), dtype=np.float32))
    return Polled(poll, np.tile([0.9, 0.8, 0.7], (shape[0], 1)), np.full(shape, NAN))


def majority(polled: Polled) -> FittedRule:
    return find_rule("majority").fit(polled)


def test_calls_end_when_the_answer_is_sure_enough() -> None:
    # Majority: one vote e/(1+e) = 0.731, two alike e^2/(1+e^2) = 0.881, one against one e/(1+2e) = 0.422,
    # two against one e^2/(1+e+e^2) = 0.665.
    polled = bank([[4, 4, 5], [4, 5, 5], [4, 5, 6]])
    order = prior_order(polled.priors)
    sure = in_order(majority(polled), polled.ballots, polled.priors, order, 3, threshold=0.8)
    assert sure.calls.tolist() == [2, 3, 3]
    assert sure.chosen.tolist() == [0, 1, 0]
    first = in_order(majority(polled), polled.ballots, polled.priors, order, 3, threshold=0.7)
    assert first.calls.tolist() == [1, 1, 1]
    assert first.chosen.tolist() == [0, 0, 0]


def test_the_order_of_calls_is_the_caller_s() -> None:
    polled = bank([[4, 4, 5]])
    verdict = in_order(majority(polled), polled.ballots, polled.priors, np.array([[2, 0, 1]]), 1)
    assert (verdict.chosen.tolist(), verdict.calls.tolist()) == ([2], [1])


def test_the_budget_is_kept_on_the_bank() -> None:
    # Two of three alike: 2 calls for the first kind, 3 for the others. 5 calls for 2 questions fit 2.5 a question.
    polled = bank([[4, 4, 5], [4, 5, 5]])
    order = prior_order(polled.priors)
    threshold = budgeted(majority(polled), polled, order, 3, 2.5)
    assert in_order(majority(polled), polled.ballots, polled.priors, order, 3, threshold).calls.tolist() == [2, 3]
    cheap = budgeted(majority(polled), polled, order, 3, 2.4)
    assert in_order(majority(polled), polled.ballots, polled.priors, order, 3, cheap).calls.tolist() == [1, 1]
    assert budgeted(majority(polled), polled, order, 3, 3.0) == 1.0


def test_one_live_question_is_a_batch_of_one() -> None:
    polled = bank([[4, 4, 5], [4, 5, 5], [4, 5, 6]])
    order = prior_order(polled.priors)
    fitted = majority(polled)
    whole = in_order(fitted, polled.ballots, polled.priors, order, 3, threshold=0.8)
    for i in range(3):
        one = in_order(fitted, polled.ballots.take(np.array([i])), polled.priors[[i]], order[[i]], 3, threshold=0.8)
        assert one.chosen[0] == whole.chosen[i]
        assert one.calls[0] == whole.calls[i]
