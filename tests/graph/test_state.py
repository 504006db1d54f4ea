"""How parallel results come together in the state, whatever order they arrive in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smacs.graph.state import add_remarks, by_index, by_rank
from smacs.nodes.shared.remarks import remark


@given(st.permutations(range(6)), st.integers(0, 6))
def test_references_stand_in_order_of_prior(ranks: list[int], cut: int) -> None:
    records: list[Any] = [{"rank": rank} for rank in ranks]
    assert [record["rank"] for record in by_rank(records[:cut], records[cut:])] == sorted(ranks)


@given(st.permutations(range(6)), st.integers(0, 6))
def test_candidates_stand_in_order_and_a_later_record_of_one_replaces_the_earlier(order: list[int], cut: int) -> None:
    first: list[Any] = [{"index": index, "score": None} for index in order]
    scored: list[Any] = [{"index": index, "score": 1.0} for index in order[:cut]]
    merged = by_index(first, scored)
    assert [candidate["index"] for candidate in merged] == sorted(order)
    assert {candidate["index"] for candidate in merged if candidate["score"]} == set(order[:cut])


def test_remarks_are_kept_once() -> None:
    one, two = remark("no_support", "blind"), remark("reply_unread", "odd", "llm-0")
    assert add_remarks([one], [two, one]) == [one, two]
