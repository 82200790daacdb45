"""What is remembered of a message is remembered by all that it is made of, but for the form token."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import flask_babel
import pytest
from flask import Flask, g
from jinja2 import nodes

from inbox.conversations.rows import MessageView, PictureView, VersionView
from inbox.desk import entry_html
from inbox.desk.entries import show_entries
from inbox.desk.entry_html import Surroundings, entries_html

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
# Words, letters, addresses and limits: each is told by the message, the language, the zone and where we are mounted.
KNOWN = {"_", "ngettext", "row_url", "icon", "at", "hue", "initials", "isolated", "marked", "flowing", "differences"}
KNOWN |= {"host_of", "longest_shown", "most_wordings", "person_word", "audience_word"}
KNOWN |= {f"{what}_words" for what in ("gone", "settled", "awaits")}
GIVEN = {"entry", "message", "here", "token", "ours", "name", "audience", "picture", "piece", "version"}
GIVEN |= {"act", "attached_word", "menu_of", "word", "icon_name"}
MESSAGE = MessageView(
    id=7,
    at=AT,
    direction="inbound",
    audience="public",
    conversation_id=3,
    contact_id=4,
    author_name="Ana <b>",
    author_handle="ana",
    avatar_media_id=9,
    is_of_this_person=True,
    text="¿Cuándo? Aquí",
    marks=({"kind": "link", "start": 9, "end": 13, "url": "https://shop.example/"},),
    seq=5,
    external_id="x7",
    permalink="https://social.example/7",
    awaits=True,
    awaits_reason=None,
    settled=None,
    answered_by_message_id=None,
    excused_by_name=None,
    excused_why=None,
    is_native=False,
    is_automatic=False,
    edited_at=None,
    is_edited_after_answer=False,
    is_gone=False,
    gone_at=None,
    gone_reason=None,
    is_not_visible=False,
    liked_at=None,
    sibling_of_id=None,
    versions=(VersionView(1, "¿Qué?", AT),),
    pictures=(PictureView(11, "image", "a cat", None, None, False),),
)
HERE = Surroundings(
    is_private=False,
    may_triage=True,
    may_answer=True,
    can_like=True,
    can_delete_own=True,
    link="https://us.example/c/3",
)


def look(
    app: Flask,
    message: MessageView = MESSAGE,
    here: Surroundings = HERE,
    root: str = "",
    locale: str = "en",
    **how: Any,
) -> str:
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        member = SimpleNamespace(locale=locale, time_zone=how.get("zone", "UTC"))
        g.signed_in, g.csrf_token = SimpleNamespace(member=member), how.get("token", "one token")
        flask_babel.refresh()
        (html,) = entries_html(show_entries([message]), here, 1)  # type: ignore[arg-type]  # what it reads of a thread
    return html


def test_a_message_looks_different_to_who_sees_it_otherwise(app: Flask) -> None:
    ways: list[dict[str, Any]] = [{}, {"root": "/relevo"}, {"locale": "es"}, {"zone": "Asia/Tokyo"}]
    ways += [{"here": replace(HERE, may_triage=False)}, {"here": replace(HERE, may_answer=False)}]
    ways += [{"here": replace(HERE, link="https://us.example/c/4")}, {"token": "another"}]
    first = [look(app, **way) for way in ways]
    assert len(set(first)) == len(ways)
    assert [look(app, **way) for way in reversed(ways)] == first[::-1]
    assert 'action="/relevo/messages/7/excuse"' in first[1]
    assert first[-1].count('value="another"') == first[0].count('value="one token"') == 2


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Nothing"},
        {"marks": ({**MESSAGE.marks[0], "url": "https://evil.example/"},)},
        {"awaits": False},
        {"liked_at": AT},
        {"is_gone": True, "text": "", "marks": (), "versions": (), "pictures": ()},
        {"author_name": "Eva"},
        {"versions": ()},
        {"pictures": (replace(MESSAGE.pictures[0], alt="a dog"),)},
        {"is_of_this_person": False},
    ],
)
def test_a_message_that_changed_is_shown_as_it_is_now(app: Flask, change: dict[str, Any]) -> None:
    before = look(app)
    assert look(app, replace(MESSAGE, **change)) != before
    assert look(app, replace(MESSAGE)) == before


def test_long_ones_are_not_remembered(app: Flask) -> None:
    look(app)
    kept = entry_html._make.cache_info().currsize
    look(app, replace(MESSAGE, text="long " * 1000))
    look(app, replace(MESSAGE, versions=(VersionView(1, "long " * 1000, AT),)))
    assert entry_html._make.cache_info().currsize == kept


@pytest.mark.parametrize("name", ["_message", "_message_menu"])
def test_nothing_else_is_looked_at(app: Flask, name: str) -> None:
    environment = app.jinja_env
    source, _name, _is_fresh = environment.loader.get_source(environment, f"conversations/{name}.html")  # type: ignore[union-attr]
    tree = environment.parse(source)
    looked_at = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    assert looked_at <= KNOWN | GIVEN
    of_here = {found.attr for found in tree.find_all(nodes.Getattr) if getattr(found.node, "name", "") == "here"}
    assert of_here <= set(vars(HERE))
