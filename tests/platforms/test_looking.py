"""What a look may call absence (RULES D3)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from inbox.platforms.items import Author, Message
from inbox.platforms.looking import MOST_PAGES, LookPage, look_back
from inbox.platforms.outgoing import Absent, CannotLook, Found, LookUp, Sent

FLOOR = datetime(2026, 3, 1, 12, tzinfo=UTC)
ABSENT = Absent(is_sure=False)


def said(text: str = "other words") -> Message:
    return Message(external_id=text, author=Author("us"), kind="comment", audience="public", text=text)


def page(*minutes: float | None, texts: Sequence[str | None] = (), is_last: bool = False) -> LookPage:
    """Return a page of messages so many minutes after the floor."""
    words = texts or ["other words"] * len(minutes)
    times = [None if one is None else FLOOR + timedelta(minutes=one) for one in minutes]
    return LookPage([None if one is None else said(one) for one in words], times, is_last)


def judge(read: Sequence[Message]) -> LookUp:
    return next((Found(Sent(one.external_id)) for one in read if one.text == "ours"), ABSENT)


def look(*pages: LookPage) -> LookUp:
    return look_back(iter(pages), FLOOR, judge)


def test_what_was_overtaken_is_found_on_a_later_page() -> None:
    assert isinstance(look(page(9, 8), page(7, 6, texts=["other", "ours"])), Found)


def test_only_what_was_read_down_to_the_first_try_is_absent() -> None:
    assert look(page(9, 8), page(7, -1, -2, -3)) == ABSENT
    assert look(page(9, 8), page(-1)) == ABSENT
    assert look(page(9, 8), page(7, 6, is_last=True)) == ABSENT
    assert look(page(9, 8), page(7, 6)) == CannotLook("too_far")


def test_a_row_that_tells_a_time_of_long_ago_ends_no_look() -> None:
    back_dated = page(9, -900, 8, 7)
    assert isinstance(look(back_dated, page(6, texts=["ours"])), Found)
    assert look(back_dated, page(6, 5)) == CannotLook("too_far")


def test_a_list_without_any_row_is_no_answer() -> None:
    assert look(LookPage([], [], is_last=True)) == CannotLook("empty")
    assert look(page(9, 8), LookPage([], [], is_last=False)) == CannotLook("empty")


def test_a_row_that_can_not_be_read_may_be_the_reply() -> None:
    assert look(page(9, 8, -1, -2, -3, texts=["other", None, "other", "other", "other"])) == CannotLook("unreadable")
    assert look(page(9, None, -1, -2, -3, texts=["other", None, "other", "other", "other"])) == CannotLook("unreadable")
    assert look(page(9, 8, -1, -2, -3, texts=["other", "other", None, "other", "other"])) == ABSENT
    assert isinstance(look(page(9, 8, 7, texts=[None, "ours", "other"])), Found)


def test_a_page_that_repeats_for_ever_ends() -> None:
    asked = count()

    def pages() -> Iterator[LookPage]:
        while True:
            next(asked)
            yield page(9, 8)

    assert look_back(pages(), FLOOR, judge) == CannotLook("too_far")
    assert next(asked) <= MOST_PAGES
