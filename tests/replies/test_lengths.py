"""How each platform counts, and who may read: tables."""

import pytest

from inbox.replies.audience import break_mentions, choose, is_wider
from inbox.replies.lengths import count, measure

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇪🇸"


@pytest.mark.parametrize(
    ("text", "how", "length"),
    [
        ("", "graphemes", 0),
        ("hola", "graphemes", 4),
        (FAMILY, "graphemes", 1),
        (FLAG + FLAG, "graphemes", 2),
        ("e\u0301", "graphemes", 1),
        ("नमस्ते", "graphemes", 3),
        ("\r\n", "graphemes", 1),
        ("e\u0301", "characters", 2),
        (FAMILY, "characters", 7),
        (FAMILY, "utf16", 11),
        ("ñ", "bytes", 2),
        ("a😀", "utf16", 3),
        ("see https://example.test/a/very/long/path?with=a&query=string now", "mastodon", 4 + 23 + 4),
        ("http://a.test https://b.test", "mastodon", 47),
        ("@ana@social.example hola", "mastodon", len("@ana hola")),
        ("@ana hola", "mastodon", 9),
        ("mail ana@social.example", "mastodon", 23),
    ],
)
def test_count(text: str, how: str, length: int) -> None:
    assert count(text, how) == length


def test_urls_may_count_a_fixed_length_elsewhere() -> None:
    assert count("https://example.test/long", "characters", url_length=10) == 10


def test_an_unknown_way_of_counting_is_an_error() -> None:
    with pytest.raises(ValueError, match="words"):
        count("a", "words")


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        ("x", {"max_length": 1}, None),
        ("xx", {"max_length": 1}, "reply_too_long"),
        (" ", {"max_length": 1}, "reply_empty"),
        ("", {"max_length": 1}, "reply_empty"),
        ("ñ", {"max_length": 5, "max_bytes": 2}, None),
        ("ñn", {"max_length": 5, "max_bytes": 2}, "reply_too_many_bytes"),
        ("x" * 500, {"max_length": 500, "count": "mastodon"}, None),
    ],
)
def test_measure(text: str, limits: dict[str, object], code: str | None) -> None:
    assert measure(text, limits).code == code


def test_a_prefix_counts() -> None:
    assert measure("hola", {"max_length": 8}, "@ana ").code == "reply_too_long"


@pytest.mark.parametrize(
    ("given", "asked", "wider"),
    [
        ("public", "public", False),
        ("public", "unlisted", True),
        ("unlisted", "followers", True),
        ("followers", "direct", True),
        ("public", "private", True),
        ("direct", "private", False),
        ("private", "direct", False),
        ("direct", "public", False),
        ("something new", "public", True),
    ],
)
def test_wider(given: str, asked: str, wider: bool) -> None:
    assert is_wider(given, asked) is wider


@pytest.mark.parametrize(
    ("parent", "mode", "audience"),
    [
        ("public", "public", "public"),
        ("followers", "public", "followers"),
        ("public", "private", "private"),
        ("unlisted", "private", "private"),
        ("direct", "private", "direct"),
        ("direct", "public", "direct"),
        ("private", "public", "private"),
    ],
)
def test_choose(parent: str, mode: str, audience: str) -> None:
    assert choose(parent, mode) == audience


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("@ana hi", "@ana hi"),
        ("@Ana@Social.test hi", "@Ana@Social.test hi"),
        ("@bob hi", "@ bob hi"),
        ("ask @bob@other.test.", "ask @ bob@other.test."),
        ("mail bob@other.test", "mail bob@other.test"),
        ("see https://social.test/@bob", "see https://social.test/@bob"),
        ("(@bob)", "(@ bob)"),
    ],
)
def test_break_mentions(text: str, broken: str) -> None:
    assert break_mentions(text, ["ana@social.test"]) == broken
