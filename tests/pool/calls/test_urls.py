"""What of an address is shown, and what is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import PoolError
from smacs.pool.calls.urls import address_of, shown
from smacs.pool.pool import Pool


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("http://gpu1:8000/v1", "http://gpu1:8000/v1"),
        ("http://me:secret@gpu1:8000/v1", "http://***@gpu1:8000/v1"),
        ("http://me:s@cret@gpu1/v1", "http://***@gpu1/v1"),
        ("http://token@gpu1/v1", "http://***@gpu1/v1"),
        ("https://h/v1?key=abc&api-version=2", "https://h/v1?key=***&api-version=2"),
        ("https://h/v1?a=1&api_key=abc", "https://h/v1?a=1&api_key=***"),
        ("https://h/v1?access_token=abc#x", "https://h/v1?access_token=***#x"),
        ("at http://a:b@h/v1, http://c:d@i/v1: failed", "at http://***@h/v1, http://***@i/v1: failed"),
        ("write to me@example.com", "write to me@example.com"),
        ("https://github.com/@user", "https://github.com/@user"),
    ],
)
def test_logins_and_keys_are_never_shown(text: str, fit: str) -> None:
    assert shown(text) == fit


@given(st.text("abcXYZ019-._~%!$&'()*+,;=:", min_size=1))
def test_no_password_is_shown_whatever_it_is(password: str) -> None:
    hidden = f"Zq9{password.replace(chr(39), '')}"
    assert "Zq9" not in shown(f"a at http://user:{hidden}@host:1/v1: no connection")


def test_a_login_becomes_basic_authentication_and_a_query_stays() -> None:
    address = address_of("https://us%40er:p%3Aw@host:8443/v1/?api-version=2&key=a")
    assert address.at("/chat/completions") == "https://host:8443/v1/chat/completions?api-version=2&key=a"
    assert address.at("/health", root=True) == "https://host:8443/health?api-version=2&key=a"
    assert address.headers == {"Authorization": "Basic dXNAZXI6cDp3"}  # us@er:p:w
    assert "dXN" not in repr(address)


@pytest.mark.parametrize(
    "url", ["htp://me:Zq9@host/v1", "http://me:Zq9/x@host/v1", "http://me:Zq9#x@host/v1", "http://me:Zq9@/v1"]
)
def test_a_pool_file_with_an_unusable_url_does_not_print_its_password(url: str) -> None:
    with pytest.raises(PoolError) as error:
        Pool.from_dict({"aggregators": ["a"], "llms": {"a": {"endpoint": url}}})
    assert "Zq9" not in str(error.value)


def test_a_login_and_a_key_are_one_too_many() -> None:
    llm = {"endpoint": "http://me:secret@host/v1", "api_key_env": "KEY"}
    with pytest.raises(PoolError, match="either a login in the endpoint's URL or `api_key_env`") as error:
        Pool.from_dict({"aggregators": ["a"], "llms": {"a": llm}})
    assert "secret" not in str(error.value)
