"""Aggregator: grouping of equal subsets."""

from smacs.nodes.aggregator import group_subsets


def test_equal_subsets_become_one_call_in_order_of_first_appearance() -> None:
    subsets = [["a", "b"], ["a", "c"], ["a", "b"], ["b", "c"], ["a", "b"]]
    assert group_subsets(subsets) == [(["a", "b"], [0, 2, 4]), (["a", "c"], [1]), (["b", "c"], [3])]
