"""Relevo on another's server of this API, on both databases: it signs in, reads, answers once, sees what changes."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelState
from tests.factories.basics import make_member
from tests.factories.members import form_token, sign_in_as
from tests.network.mastodon.conftest import Server
from tests.platforms.bluesky.product import Product


@pytest.fixture
def later() -> Any:
    """Let a test say how much later it is; the server's clock stays."""
    ahead = [timedelta(0)]

    def move(**parts: float) -> None:
        ahead[0] += timedelta(**parts)

    clock.set_source(lambda: datetime.now(UTC) + ahead[0])
    yield move
    clock.set_source(None)


def test_an_admin_signs_in_on_the_server(app: Flask, session: Session, server: Server) -> None:
    app.config["RELEVO"] = replace(app.config["RELEVO"], local_services=frozenset([server.url]))
    browser = sign_in_as(app, session, make_member(session, is_admin=True))
    token = form_token(browser, "/channels/connect")
    page = browser.post(
        "/channels/connect", data={"csrf_token": token, "platform": "mastodon", "service_url": server.url}
    )
    target = re.search(rf'href="({re.escape(server.url)}/oauth/authorize[^"]*)"', page.text)
    assert target is not None, page.text
    picker = httpx.get(target[1].replace("&amp;", "&"), timeout=10)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)">\n', picker.text))
    agreed = httpx.post(f"{server.url}/oauth/authorize", data=fields | {"username": "shop"}, timeout=10)
    back = urlsplit(agreed.headers["location"])
    assert browser.get(f"{back.path}?{back.query}").status_code == 303
    session.rollback()
    channel = session.scalars(select(Channel)).one()
    assert (channel.handle, channel.state) == ("shop", ChannelState.ACTIVE)


def test_what_people_write_is_answered_once(product: Product, server: Server) -> None:
    post = server.post("shop", "We are open again. Ask us anything!")
    public = server.post("ana", "@shop are you open?", in_reply_to_id=post)
    private = server.post("eva", "@shop my order is 123", visibility="direct")
    quiet = server.post("ben", "when do you close?", in_reply_to_id=post)
    product.poll()
    product.poll()
    for asked in (public, private, quiet):
        assert product.conversation_of(asked).waiting_since is not None, asked
    assert product.conversation_of(private).is_private
    answers = [product.answer(public, "Until eight!"), product.answer(private, "It left today.", mode="private")]
    product.send_all()
    assert [product.state_of(answer) for answer in answers] == ["sent", "sent"]
    server.post("shop", "@ben at eight", in_reply_to_id=quiet)
    product.poll()
    product.poll()
    for asked in (public, private, quiet):
        assert product.conversation_of(asked).waiting_since is None
    (said,) = server.below(private)
    assert (said["visibility"], [one["acct"] for one in said["mentions"]]) == ("direct", ["eva"])
    assert len(server.below(public)) == 1


def test_an_answer_that_fails_on_its_way_is_looked_for(product: Product, server: Server, later: Any) -> None:
    asked = server.post("ana", "@shop do you deliver?")
    product.poll()
    server.fail(match={"methods": ["POST"], "path": "/api/v1/statuses"}, effect={"status": 500}, count=1)
    delivery = product.answer(asked, "We do.")
    product.send_all()
    for _ in range(20):
        later(seconds=30)
        product.look_all()
    assert (product.state_of(delivery), server.below(asked)) == ("needs_person", [])


def test_edits_and_deletions_are_seen(product: Product, server: Server, later: Any) -> None:
    first, second = (server.post("ana", f"@shop question {words}") for words in ("one", "two"))
    product.poll()
    server.call("ana", "PUT", f"/api/v1/statuses/{first}", status="@shop question one, and when?")
    server.call("ana", "DELETE", f"/api/v1/statuses/{second}")
    for _ in range(3):
        later(minutes=16)
        product.recheck_all()
    received = product.received()
    assert received[first].text == "@shop question one, and when?"
    assert received[second].gone_at is not None


def test_many_mentions_are_all_read(product: Product, server: Server) -> None:
    before = set(product.received())
    asked = {server.post("ben", f"@shop mention {number}") for number in range(120)}
    product.poll()
    assert asked <= set(product.received()) - before
