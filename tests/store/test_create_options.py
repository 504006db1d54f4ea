"""The options of a multiple choice, in the forms that data sets keep them in."""

from typing import Any

import numpy as np
import pytest

from smacs.store.create.options import Options, parse_list, read_options


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        ([["x", " y "]], Options(("x", "y"))),
        (["x", "y", "", None], Options(("x", "y"))),
        ([{"text": ["x", "y"], "label": ["1", "2"]}], Options(("x", "y"), ("1", "2"))),
        ([{"A": "x", "B": "y"}], Options(("x", "y"), ("A", "B"))),
        ([[{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]], Options(("x", "y"), ("A", "B"))),
        (['["x", "y"]'], Options(("x", "y"))),
        (["['x', \"y's\"]"], Options(("x", "y's"))),
        ([["x", None, float("nan"), 3]], Options(("x", "3"))),
        ([None], Options()),
    ],
)
def test_the_forms_of_options(cells: list[Any], options: Options) -> None:
    assert read_options(cells) == options


TEXTS = [["cat", "dog", "cow", "hen"], ["it's", 'a "b"', "both ' and \"", "two\nlines"], ["a,b", "c"], ["f(x)", "[y)"]]


@pytest.mark.parametrize(
    "items", [*TEXTS, ["x" * 60, "y" * 60, "z" * 60], [1, 2, 3], [1.5, 2.0], ["one"], ["...", "b"]]
)
@pytest.mark.parametrize("kind", [object, None])
def test_lists_as_numpy_and_pandas_print_them(items: list[Any], kind: Any) -> None:
    array = np.array(items, dtype=kind)
    for text in (str(array), repr(array), str(items), repr(list(array))):
        assert parse_list(text) == items, text
    assert parse_list(repr({"text": array})) == {"text": items}


@pytest.mark.parametrize("text", ["[A B C]", "['a' 'b'", "hello", "[['a' 'b']\n ['c' 'd']]", "[" * 100_000])
def test_texts_that_are_no_list(text: str) -> None:
    with pytest.raises(ValueError, match="expected a list such as"):
        parse_list(text)


def test_a_long_list_whose_middle_numpy_has_left_out() -> None:
    with pytest.raises(ValueError, match="left out the middle of a long list here, and it is lost"):
        parse_list(str(np.arange(5_000)))
