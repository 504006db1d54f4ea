"""The request's fields."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from smacs.server.chat_request import UNSUPPORTED, ChatRequest, Extension


@pytest.mark.parametrize("fields", [UNSUPPORTED, ChatRequest.model_fields, Extension.model_fields])
def test_every_field_is_documented(fields: Iterable[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "serve.md").read_text()
    assert [name for name in fields if f"`{name}`" not in text] == []
