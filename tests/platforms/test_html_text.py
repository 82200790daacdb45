"""HTML in the spelling of servers is read the short way; both ways read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.platforms import html_text
from inbox.platforms.html_text import to_text
from inbox.platforms.reading import parse_time

_PIECES = (
    "<p>", "</p>", "<br>", "<br />", "<br/>", "<span class=\"h-card\" translate=\"no\">", "</span>",
    '<a href="https://other.example/@eva" class="u-url mention">', '<a href="https://shop.example/?a=1&amp;b=2">',
    '<a href="javascript:alert(1)">', "<a>", "</a>", "@", "<div>", "<li>", "</li>", "&amp;", "&lt;b&gt;", "&#39;", "&",
    "&copy", "\n", " ", "hola", "¿Qué?", "👍", "<", ">", "<P>", "<script>", "</script>", "<img src=x>", "<!-- a -->",
    "<a href='https://one.example'>", '<a href="https://a.example" href="https://b.example">', "<p/>", "</p >", '"',
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_both_ways_read_the_same(html: str) -> None:
    short, whole = html_text._read_plainly(html), html_text._read(html)
    assert short is None or ("".join(short.parts), short.marks) == ("".join(whole.parts), whole.marks)


def test_what_servers_send_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_text, "_read", None)
    html = (
        '<p><span class="h-card" translate="no"><a href="https://social.example/@shop" class="u-url mention">'
        "@<span>shop</span></a></span> ¿Abren &amp; cierran?<br />Un saludo</p><p>Eva</p>"
    )
    assert to_text(html).text == "@shop ¿Abren & cierran?\nUn saludo\n\nEva"


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_beyond_the_calendar_is_none(told: str) -> None:
    assert parse_time(told) is None


def test_a_time_may_write_its_zone_without_a_colon() -> None:
    assert parse_time("2026-11-20T10:00:00+0100") == parse_time("2026-11-20T09:00:00Z")
