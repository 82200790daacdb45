"""What is remembered of a row is remembered by all that it is made of."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import flask_babel
import pytest
from flask import Flask, g
from jinja2 import nodes

from inbox.conversations.rows import LabelView, QueueRow
from inbox.desk.rows import row_html, rows_html

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
# Words, letters and addresses: each is told by the row, the language, the zone and where we are mounted.
KNOWN = {"_", "ngettext", "row_url", "icon", "at", "wait_of", "due_of", "hue", "initials", "isolated", "platform_mark"}
KNOWN |= {f"{what}_word" for what in ("person", "platform", "kind", "priority", "status")}
GIVEN = {"row", "is_current", "list_query", "state", "name", "platform", "theirs", "label"}
ROW = QueueRow(
    conversation_id=7,
    version=1,
    status="open",
    priority="high",
    kind="comment",
    is_private=False,
    queue_at=AT,
    waiting_since=AT,
    due_at=None,
    target_seconds=None,
    is_paused=False,
    snoozed_until_at=None,
    last_message_at=AT,
    last_answered_at=None,
    channel_id=3,
    platform="sandbox_feed",
    channel_handle="@us",
    channel_name="Us & them",
    is_sandbox=True,
    contact_id=4,
    contact_name="Ana <b>",
    contact_handle="ana",
    avatar_url=None,
    avatar_media_id=9,
    inbound_message_id=5,
    inbound_text="¿Cuándo?",
    is_inbound_gone=False,
    inbound_awaits_reason=None,
    outbound_text="",
    picture_count=2,
    post_text="",
    assignee_id=None,
    assignee_name=None,
    last_assignee_name=None,
    team_id=None,
    team_name=None,
    is_unread=True,
    is_leaving=False,
    is_no_answer_needed=False,
    has_edit_after_answer=False,
    delivery_state=None,
    last_seq=6,
    labels=(LabelView(1, "one"), LabelView(2, "two"), LabelView(3, "three")),
)


def look(app: Flask, row: QueueRow, *, root: str = "", locale: str = "en", zone: str = "UTC", **how: Any) -> str:
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        g.signed_in = SimpleNamespace(member=SimpleNamespace(locale=locale, time_zone=zone))
        flask_babel.refresh()
        return row_html(row, **how)


def test_a_row_looks_different_to_who_sees_it_otherwise(app: Flask) -> None:
    ways: list[dict[str, Any]] = [
        {},
        {"root": "/relevo"},
        {"locale": "es"},
        {"zone": "Asia/Tokyo"},
        {"is_current": True},
        {"link_args": {"view": "mine"}},
        {"link_args": {"view": "mine", "label": 2}},
    ]
    first = [look(app, ROW, **way) for way in ways]
    assert len(set(first)) == len(ways)
    assert [look(app, ROW, **way) for way in reversed(ways)] == first[::-1]
    assert 'href="/relevo/c/7"' in first[1]
    assert 'src="/relevo/media/9"' in first[1]
    assert 'href="/c/7?view=mine&amp;label=2"' in first[-1]


@pytest.mark.parametrize(
    "change",
    [
        {"is_unread": False},
        {"version": 2},
        {"waiting_since": None},
        {"inbound_text": "Nothing"},
        {"is_inbound_gone": True},
        {"labels": ()},
        {"labels": (LabelView(1, "uno"), *ROW.labels[1:])},
        {"channel_name": "Them"},
        {"assignee_name": "Leo", "assignee_id": 2},
        {"delivery_state": "needs_person"},
    ],
)
def test_a_row_that_changed_is_shown_as_it_is_now(app: Flask, change: dict[str, Any]) -> None:
    before = look(app, ROW)
    assert look(app, replace(ROW, **change)) != before
    assert look(app, replace(ROW)) == before


def test_nothing_else_is_looked_at(app: Flask) -> None:
    environment = app.jinja_env
    source, _name, _is_fresh = environment.loader.get_source(environment, "desk/_row.html")  # type: ignore[union-attr]
    looked_at = {name.name for name in environment.parse(source).find_all(nodes.Name) if name.ctx == "load"}
    assert looked_at - GIVEN == KNOWN


def test_of_several_rows_one_is_open(app: Flask) -> None:
    with app.test_request_context("/"):
        html = rows_html([ROW, replace(ROW, conversation_id=8)], 8, {})
    assert html.count("<li id=") == 2
    assert html.split("<li id=")[2].count('aria-current="true"') == html.count('aria-current="true"') == 1
    assert "<b>" not in html.replace("<b><bdi>", "").replace("</bdi></b>", "")
