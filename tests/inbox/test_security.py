"""What is scrubbed, and that strangers can't make it slow."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.security import scrub
from tests.hostile.shapes import slow_shapes

TOKEN = "plantedtoken0123456789"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"https://graph.example/me?access_token={TOKEN}&limit=5",
        f"https://a.example/?next=https%3A%2F%2Fb.example%2F%3Faccess_token%3D{TOKEN}%26x%3D1",
        json.dumps({"accessJwt": TOKEN}),
        json.dumps({"refreshJwt": TOKEN, "x": 1}, indent=2),
        json.dumps({"message": json.dumps({"access_token": TOKEN})}),
        json.dumps({"message": json.dumps({"message": json.dumps({"client_secret": TOKEN})})}),
        f"{{'app_password': '{TOKEN}'}}",
        f"password={TOKEN}",
        f"client-x app_secret : {TOKEN}",
    ],
)
def test_named_secrets_are_taken_out(text: str) -> None:
    assert TOKEN not in scrub(text)


def test_a_secret_of_several_words_is_taken_out_whole() -> None:
    said = scrub(json.dumps({"password": 'four "quiet" herons', "name": "Lucia"}))
    assert json.loads(said) == {"password": "[secret]", "name": "Lucia"}


@pytest.mark.parametrize("before", ["", " ", "(", "session-", "a.b.", "x.", "='", "longer-than-twelve.letters."])
@pytest.mark.parametrize("after", ["", ".", " and so on", ")", "&x=1"])
def test_tokens_are_taken_out_wherever_they_stand(before: str, after: str) -> None:
    said = scrub(f"{before}{JWT}{after}")
    assert not [part for part in JWT.split(".") if part in said]
    assert said.startswith(before)
    assert said.endswith(after.lstrip("."))


def test_what_only_looks_a_little_like_a_token_stays() -> None:
    for text in ("eyJ", "eyJust kidding. Really.", "www.example.com/eyJ", "a.b.c.d.e.f.g.h", "1.2.3.4.5.6.7.8.9.10"):
        assert scrub(text) == text


@given(st.text(alphabet="eyJ.-_a \"'\\:=secret", max_size=60))
def test_scrubbing_twice_finds_nothing_more(text: str) -> None:
    assert scrub(f"{text} {JWT} {text}").count(JWT) == 0


def test_no_text_of_a_stranger_makes_it_slow() -> None:
    assert slow_shapes(scrub) == {}
