"""Whatever a platform answers, its connection raises only PlatformErrors, and one deep item loses no page."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.platforms.contract import Answered, Connection, Malformed, Unavailable, Unclear
from inbox.platforms.shallow import DEEPEST, SLIPS, load
from inbox.platforms.slips import without_slips

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def nested(levels: int, inside: str = "1") -> str:
    return '{"x":[' * (levels // 2) + inside + "]}" * (levels // 2)


def depth_of(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + max((depth_of(one) for one in (value.values() if isinstance(value, dict) else value)), default=0)
    return 0


@given(VALUES)
def test_what_platforms_send_is_read_as_it_is(value: Any) -> None:
    assert load(json.dumps(value).encode()) == value
    assert load(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("levels", [DEEPEST + 2, 500, 900, 5_000, 100_000])
def test_what_is_nested_too_deeply_is_left_out_and_the_rest_is_kept(levels: int) -> None:
    before, after = '{"a": [{"id": "one", "text": "[[[ \\" }}", "deep": ', '}, {"id": "two"}], "b": 1}'
    text = before + nested(levels) + after
    found = load(text.encode())
    assert [row["id"] for row in found["a"]] == ["one", "two"]
    assert (found["a"][0]["text"], found["b"]) == ('[[[ " }}', 1)
    assert depth_of(found) == DEEPEST
    assert Answered(200, {}, text.encode(), "").json() == found
    json.dumps(found)


def test_as_deep_as_allowed_is_not_touched() -> None:
    text = nested(DEEPEST)
    assert json.dumps(load(text.encode()), separators=(",", ":")) == text


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, nested(5_000) + "]", nested(5_000) + '"', '"' * 7])
def test_what_is_no_json_is_malformed(body: str) -> None:
    with pytest.raises(Malformed):
        Answered(200, {}, body.encode(), "").json()


class Slipping:
    """A connector with a fault of ours in each method."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.name = "a value"

    def fetch(self, stream: str, cursor: Any, *, is_deep: bool = False) -> Any:
        raise self.error

    send = delete_own = verify = fetch


@pytest.mark.parametrize("kind", SLIPS)
def test_a_slip_becomes_a_platforms_error_without_its_words(kind: type[Exception]) -> None:
    connection = without_slips(cast(Connection, Slipping(kind("plantedtoken0123"))))
    for name, expected in (("fetch", Malformed), ("verify", Malformed), ("send", Unclear), ("delete_own", Unclear)):
        with pytest.raises(expected) as caught:
            getattr(connection, name)("mentions", None, is_deep=True)
        assert "plantedtoken0123" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__}"
        assert caught.value.is_surely_not_accepted is False


@pytest.mark.parametrize("error", [Unavailable("502"), RuntimeError("the database is away"), KeyboardInterrupt()])
def test_what_is_no_slip_passes(error: Exception) -> None:
    connection = without_slips(cast(Connection, Slipping(error)))
    with pytest.raises(type(error)) as caught:
        connection.fetch("mentions", None)
    assert caught.value is error
    assert connection.name == "a value"  # type: ignore[attr-defined]  # whatever a connection has
