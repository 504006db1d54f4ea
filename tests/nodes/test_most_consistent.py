"""Reading which of its replies an LLM chose."""

import pytest

from smacs.nodes.baselines.most_consistent import read_pick


@pytest.mark.parametrize(
    ("reply", "position"),
    [
        ("Responses 1 and 3 agree.\nMost consistent: 3", 2),
        ("**Most consistent: 2**", 1),
        ("Most consistent: response 4.", 3),
        ("The most consistent response is number 1.", 0),
        ("Response 1 says six, response 2 says eight.\nMost consistent: Response 2", 1),
        ("2", 1),
        ("I choose 3.", 2),
        ("1, 2 and 3 are alike.", None),
        ("Most consistent: 9", None),
        ("None of them.", None),
    ],
)
def test_picks(reply: str, position: int | None) -> None:
    assert read_pick(reply, 4) == position


def test_a_number_of_thousands_of_digits_picks_none() -> None:
    assert read_pick("Response " + "7" * 5000, 3) is None
    assert read_pick("1" * 5000 + ", so 2", 3) == 1
