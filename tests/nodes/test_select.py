"""Select: the largest score, and who wins ties."""

from smacs.nodes.select import best


def test_ties_go_to_the_lower_perplexity_then_to_the_lower_index() -> None:
    assert best([0.5, 0.7, 0.7], [1.0, 1.3, 1.2]) == 2
    assert best([0.7, 0.7], [1.2, 1.2]) == 0
    assert best([0.7, 0.7], [None, 1.2]) == 1
    assert best([0.7, 0.7], [None, None]) == 0
