"""Signed pushes of the pages, from the sandbox through our own door over HTTP, beside polls (issue 5)."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from inbox import clock
from inbox.channels import pushing
from inbox.channels.connections import connector_for
from inbox.channels.models import Channel, ChannelStream
from inbox.database import db
from inbox.intake import pushes
from inbox.intake.models import Push
from inbox.intake.poll import read_stream
from inbox.platforms.contract import Malformed, PlatformError
from inbox.platforms.items import GoneItem
from inbox.platforms.sandbox.pages.pushing import read_push
from inbox.settings import Pace
from sandbox.push import sign
from tests.platforms.bluesky.product import Product, connect_product
from tests.platforms.sandbox.conftest import Scene, short


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """Serve the application; returns its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def product(
    app: Flask, session: Session, pages: Scene, port: int, monkeypatch: pytest.MonkeyPatch
) -> Product:  # fmt: skip
    told = pages.site.told["pages"]
    given = pages.given | {name: told[name] for name in ("app_id", "app_secret")}
    made = connect_product(app, session, given, [pages.site.told["url"]], Pace(), platform="sandbox_pages")
    made.settings = replace(made.settings, port=port)
    monkeypatch.setitem(app.config, "RELEVO", made.settings)
    made.poll()
    return made


@pytest.fixture
def address(product: Product) -> str:
    """Let the page push; returns where to."""
    with product.make_session() as session, session.begin():
        pushing.begin(session, session.get_one(Channel, product.channel_id), product.member_id)
    connection: Any = connector_for(product.settings, db.engine)(product.channel)
    connection.start_push()
    return pushing.push_url(product.settings, product.channel)


def take(product: Product, wanted: int = 1) -> None:
    """Wait until so many pushes came, then take them in and read what they say is new."""
    ends = time.monotonic() + 20
    while len(product.rows(select(Push))) < wanted and time.monotonic() < ends:
        time.sleep(0.02)
    while pushes.take_next(product.reader):
        pass
    read_due(product)


def read_due(product: Product) -> None:
    while claims := product.claims():
        for claim in claims:
            read_stream(product.reader, claim)


def rest(product: Product) -> None:
    """Let no stream be due by itself for an hour."""
    with product.make_session() as session, session.begin():
        for row in session.scalars(select(ChannelStream)):
            row.due_at = clock.now() + timedelta(hours=1)


def test_a_push_says_what_to_read_and_what_is_gone(product: Product, pages: Scene, address: str) -> None:
    post = pages.do("post", text="Novedades")["id"]
    take(product)
    product.poll()
    rest(product)
    made = pages.do("comment", by="ana@plaza.test", on=post, text="¿Cuánto cuesta?")
    pages.site.fault("pages", "push_twice", count=1)
    asked = pages.do("direct", by="eva@plaza.test", text="¿Me ayudáis?")
    take(product, 3)
    assert set(product.received()) == {short(made["id"]), asked["id"]}
    pages.do("delete", id=made["id"])
    take(product)
    assert product.received()[short(made["id"])].gone_at is not None


def test_a_lost_push_is_found_by_the_poll_and_a_forged_one_by_nobody(
    product: Product, pages: Scene, address: str
) -> None:
    pages.site.fault("pages", "push_lost", count=1)
    asked = pages.do("direct", by="eva@plaza.test", text="¿Me ayudáis?")
    product.poll()
    assert set(product.received()) == {asked["id"]}
    body = json.dumps({"object": "page", "entry": []}).encode()
    for headers in ({}, {"X-Hub-Signature-256": sign("guess", body)}):
        assert httpx.post(address, content=body, headers=headers).status_code == 401
    assert product.rows(select(Push)) == []


def test_only_our_own_word_is_greeted(address: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "123", "hub.verify_token": "guess"}
    assert httpx.get(address, params=asked).status_code == 403
    assert httpx.get(f"{address}x", params=asked).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"entry": {}}', b"\xff"])
def test_what_is_no_push_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_push(body)


@pytest.mark.parametrize(
    ("entry", "gone", "due"),
    [
        ({"changes": [{"field": "feed", "value": {"item": "comment", "verb": "add", "post_id": "1_2"}}]},
         [], ["comments:1_2", "mentions"]),
        ({"changes": [{"field": "feed", "value": {"item": "comment", "verb": "remove", "comment_id": "2_3"}}]},
         ["2_3", "3"], []),
        ({"changes": [{"field": "mention", "value": {"item": "post", "verb": "add"}}]}, [], ["mentions", "own_posts"]),
        ({"messaging": [{"message": {"mid": "m_1", "is_deleted": True}}]}, ["m_1"], ["direct"]),
        ({"changes": "nonsense", "messaging": [5]}, [], []),
    ],
)  # fmt: skip
def test_what_pushes_say(entry: dict[str, Any], gone: list[str], due: list[str]) -> None:
    found = read_push(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert (list(found.items), list(found.due)) == ([GoneItem(one) for one in gone], due)


def test_a_page_without_its_app_is_not_pushed_to(pages: Scene) -> None:
    assert pages.connection.verify().limits.can_push is False
    forged: Any = pages.connection
    with pytest.raises(PlatformError):
        forged.check_push({"x-hub-signature-256": "sha256="}, b"{}")
