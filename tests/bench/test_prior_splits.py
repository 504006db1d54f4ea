import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.bench.prior.splits import Draws, Folds, Split, without_twins
from smacs.errors import InputError


@given(st.integers(2, 60), st.data())
def test_folds_test_every_question_once_and_never_one_they_are_fitted_on(total, data):
    count = data.draw(st.integers(2, total))
    splits = Folds(count).splits(total, seed=3)
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(total))
    for split in splits:
        assert sorted([*split.bank, *split.test]) == list(range(total))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 5), st.integers(1, 4))
def test_draws_are_disjoint_and_as_large_as_asked(bank_size, test_size, left, count):
    splits = Draws(count, bank_size, test_size).splits(bank_size + test_size + left, seed=1)
    assert len(splits) == count
    for split in splits:
        assert (len(split.bank), len(split.test)) == (bank_size, test_size)
        assert len({*split.bank, *split.test}) == bank_size + test_size


def test_a_draw_is_the_permutation_of_its_seed_bank_first():
    order = np.random.default_rng(12).permutation(8)
    split = Draws(3, 5, 2).splits(8, seed=10)[2]
    assert split.bank.tolist() == order[:5].tolist()
    assert split.test.tolist() == order[5:7].tolist()


@pytest.mark.parametrize("protocol", [Folds(3), Draws(2, 6, 3)])
def test_the_seed_decides_the_splits(protocol):
    one, same, other = (protocol.splits(10, seed) for seed in (1, 1, 2))
    assert [s.test.tolist() for s in one] == [s.test.tolist() for s in same]
    assert [s.test.tolist() for s in one] != [s.test.tolist() for s in other]


@pytest.mark.parametrize("protocol", [Folds(1), Folds(11), Draws(1, 8, 3), Draws(0, 5, 5), Draws(1, 0, 5)])
def test_splits_that_the_bank_cannot_give_are_refused(protocol):
    with pytest.raises(InputError, match=r"expected .* 10 "):
        protocol.splits(10, 0)


def test_bank_questions_with_the_text_of_a_test_question_are_left_out():
    same = np.array([0, 1, 2, 1, 3], np.int32)
    kept = without_twins(Split(np.array([0, 1, 2]), np.array([3, 4])), same)
    assert kept.bank.tolist() == [0, 2]
    assert kept.test.tolist() == [3, 4]
