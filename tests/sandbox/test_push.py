"""Signed pushes of the pages personality, received by a real server of the test (facebook.md §10)."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.site import Site, Until

ANA = "ana.ruizal.test"


@dataclass
class Ear:
    """What a callback hears, and what it answers."""

    url: str = ""
    token: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def entries(self) -> list[dict[str, Any]]:
        """The entries heard so far."""
        return [json.loads(body)["entry"][0] for _, body in self.heard]

    def values(self, name: str) -> list[dict[str, Any]]:
        """The values of `changes` of one field."""
        found = [one for entry in self.entries() for one in entry.get("changes", ())]
        return [one["value"] for one in found if one["field"] == name]

    def messaging(self) -> list[dict[str, Any]]:
        """The messaging events."""
        return [one for entry in self.entries() for one in entry.get("messaging", ())]


@contextmanager
def listening(token: str) -> Iterator[Ear]:
    """A callback on this machine that checks the verify token and answers as it is told."""
    ear = Ear(token=token)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            is_right = query["hub.verify_token"] == [ear.token] and query["hub.mode"] == ["subscribe"]
            self.send_response(200 if is_right else 403)
            self.end_headers()
            self.wfile.write(query["hub.challenge"][0].encode() if is_right else b"no")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = ear.answers.pop(0) if ear.answers else 200
            if status == 200:
                ear.heard.append((dict(self.headers), body))
            self.send_response(status)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    ear.url = f"http://127.0.0.1:{server.server_port}/push"
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ear(site: Site) -> Iterator[Ear]:
    """A callback for the quiet sandbox."""
    with listening(site.told["pages"]["verify_token"]) as ear:
        yield ear


def test_the_platforms_own_set_up(site: Site, ear: Ear, until: Until) -> None:
    """§10 Set-up: POST /{app-id}/subscriptions with its handshake, then POST /{page-id}/subscribed_apps."""
    told = site.told["pages"]
    app = f"{told['app_id']}|{told['app_secret']}"
    form = {"object": "page", "callback_url": ear.url, "verify_token": "wrong", "fields": "feed", "access_token": app}
    url = f"{told['url']}/v25.0/{told['app_id']}/subscriptions"
    assert httpx.post(url, data=form).json()["error"]["code"] == 2200
    form["verify_token"] = told["verify_token"]
    assert httpx.post(url, data=form).json() == {"success": True}
    page = told["page_id"]
    wrong = site.pages.post(f"/{page}/subscribed_apps", data={"subscribed_fields": "comments"})
    assert wrong.json()["error"]["code"] == 100
    assert site.pages.post(f"/{page}/subscribed_apps", data={"subscribed_fields": "feed"}).json() == {"success": True}
    assert site.get("pages", f"/{page}/subscribed_apps")["data"][0]["subscribed_fields"] == ["feed"]
    site.do("pages/post", text="hola")
    until(lambda: ear.values("feed"))
    site.do("pages/direct", by=ANA, text="no suscrito")
    assert site.pages.delete(f"/{page}/subscribed_apps").json() == {"success": True}
    site.do("pages/post", text="ya nadie escucha")
    assert len(site.control.get("/sandbox/pages/push").json()["events"]) == 1


@pytest.fixture
def hearing(site: Site, ear: Ear) -> Ear:
    """A callback subscribed to everything."""
    site.do("pages/push", callback_url=ear.url)
    return ear


def test_the_signature_covers_the_raw_bytes(site: Site, hearing: Ear, until: Until) -> None:
    """§10 Signature: sha256 HMAC over the raw body, in which non-ASCII is escaped; sha1 in the older header."""
    site.do("pages/post", text="¡Añádelo! 🎉")
    until(lambda: hearing.heard)
    headers, body = hearing.heard[0]
    secret = site.told["pages"]["app_secret"].encode()
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature"] == "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()
    assert body.isascii()
    assert b"\\u00a1A\\u00f1" in body
    assert json.loads(body)["object"] == "page"


def test_comments_are_told_from_birth_to_end(site: Site, hearing: Ear, until: Until) -> None:
    """§10 feed value: add, edited, hide, unhide, remove without message; parent_id; seconds."""
    post = site.do("pages/post", text="Novedades")["id"]
    top = site.do("pages/comment", by=ANA, on=post, text="hola")["id"]
    reply = site.pages.post(f"/{top}/comments", data={"message": "buenas"}).json()["id"]
    site.do("pages/edit", id=top, text="hola de nuevo")
    site.pages.post(f"/{top}", data={"is_hidden": "true"})
    site.pages.post(f"/{top}", data={"is_hidden": "false"})
    site.do("pages/delete", id=top)
    until(lambda: len(hearing.values("feed")) == 7)
    values = sorted(hearing.values("feed"), key=lambda one: one["item"] != "status")
    first, mine, *rest = (one for one in values if one["item"] == "comment")
    assert values[0]["post_id"] == post
    assert (first["verb"], first["comment_id"], first["parent_id"]) == ("add", top, post)
    assert (mine["verb"], mine["comment_id"], mine["parent_id"]) == ("add", reply, top)
    # §10: the Page's own replies arrive too
    assert mine["from"]["id"] == site.told["pages"]["page_id"]
    assert [one["verb"] for one in rest] == ["edited", "hide", "unhide", "remove"]
    assert rest[0]["message"] == "hola de nuevo"
    assert "message" not in rest[3]
    assert abs(hearing.entries()[0]["time"] - time.time()) < 10


def test_messages_echoes_edits_and_deletions(site: Site, hearing: Ear, until: Until) -> None:
    """§10 messaging[]: milliseconds; is_echo for ours, natively written ones included; message_edit; is_deleted."""
    direct = site.do("pages/direct", by=ANA, text="hola", pictures=1)
    fan, page = direct["author_id"], site.told["pages"]["page_id"]
    site.pages.post(f"/{page}/messages", json={"recipient": {"id": fan}, "message": {"text": "buenas"}})
    site.do("pages/native", direct=ANA, text="desde la otra app")
    site.do("pages/edit", id=direct["id"], text="hola, ¿hay alguien?")
    site.do("pages/delete", id=direct["id"])
    until(lambda: len(hearing.messaging()) == 5)
    told, ours, native, edit, gone = hearing.messaging()
    assert (told["sender"]["id"], told["recipient"]["id"], told["message"]["mid"]) == (fan, page, direct["id"])
    assert told["message"]["attachments"][0]["type"] == "image"
    assert abs(told["timestamp"] / 1000 - time.time()) < 10
    for echo in (ours, native):
        assert (echo["sender"]["id"], echo["recipient"]["id"], echo["message"]["is_echo"]) == (page, fan, True)
    assert ours["message"]["app_id"] == int(site.told["pages"]["app_id"]) != native["message"]["app_id"]
    assert edit["message_edit"] == {"mid": direct["id"], "text": "hola, ¿hay alguien?", "num_edit": 1}
    assert gone["message"] == {"mid": direct["id"], "is_deleted": True}


def test_a_tagging_post_is_a_mention(site: Site, hearing: Ear, until: Until) -> None:
    """§10 mention value; the author may be missing."""
    made = site.do("pages/mention", by=ANA, text="qué bien")
    site.do("pages/mention", by=ANA, text="anónima", faceless=True)
    until(lambda: len(hearing.values("mention")) == 2)
    first, second = hearing.values("mention")
    assert (first["item"], first["verb"], first["post_id"], first["sender_id"]) == (
        "post",
        "add",
        made["id"],
        made["author_id"],
    )
    assert "sender_id" not in second


def test_a_push_is_tried_again_until_it_is_heard(make_site: Callable[..., Site], until: Until) -> None:
    """§10: retries up to 36 h, then dropped; here both are shortened by the pace."""
    site = make_site(pace=100.0)
    with listening(site.told["pages"]["verify_token"]) as ear:
        ear.answers = [500, 500]
        site.do("pages/push", callback_url=ear.url)
        site.do("pages/post", text="insiste")
        until(lambda: ear.heard)
        event = until(lambda: next((one for one in events(site) if one["delivered_at"]), None))
        assert (event["attempts"], event["last_error"]) == (3, "HTTP 500")


def test_a_push_that_nobody_hears_is_dropped(make_site: Callable[..., Site], until: Until) -> None:
    """§10: then dropped; no replay."""
    site = make_site(pace=500_000.0)
    with listening(site.told["pages"]["verify_token"]) as ear:
        site.do("pages/push", callback_url=ear.url)
        ear.answers = [500] * 10_000
        site.do("pages/post", text="en vano")
        until(lambda: events(site)[0]["dropped_at"])
        assert ear.heard == []


def events(site: Site) -> list[dict[str, Any]]:
    """The pushes as the control API lists them."""
    found: list[dict[str, Any]] = site.control.get("/sandbox/pages/push").json()["events"]
    return found


def test_faults_of_pushes(site: Site, hearing: Ear, until: Until) -> None:
    """§10: no order, duplicates happen, no replay; and a signature that is not ours."""
    site.fault("pages", "push_lost", count=1)
    site.do("pages/post", text="perdida")
    site.fault("pages", "push_twice", count=1)
    site.do("pages/post", text="doble")
    until(lambda: len(hearing.heard) == 2)
    site.fault("pages", "push_reorder", count=1)
    site.do("pages/post", text="tarde")
    site.do("pages/post", text="pronto")
    until(lambda: len(hearing.heard) == 4)
    assert [one["message"] for one in hearing.values("feed")] == ["doble", "doble", "pronto", "tarde"]
    site.fault("pages", "push_bad_signature", count=1)
    site.do("pages/post", text="falsa")
    until(lambda: len(hearing.heard) == 5)
    headers, body = hearing.heard[4]
    right = hmac.new(site.told["pages"]["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] != f"sha256={right}"


@pytest.mark.parametrize("url", ["http://example.test/push", "https://127.0.0.1/push", "http://127.0.0.1:9/none"])
def test_pushes_go_to_this_machine_only(site: Site, url: str) -> None:
    """DESIGN: loopback only; a callback that doesn't answer is refused."""
    answer = site.control.post("/sandbox/pages/push", json={"callback_url": url})
    assert answer.status_code == 422
