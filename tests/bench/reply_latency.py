"""reply_latency: from the click on Send to the platform's acceptance, beyond the hold, while much else goes wrong.

Thirty channels hang: their servers take a connection and say nothing, to polls and to a reply each. Messages
come in at 200 a second. The platform of the channel that is measured is the sandbox; its ledger has the times.
"""

import re
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock, create_app
from inbox.channels import credentials
from inbox.channels.models import Channel, ChannelStream
from inbox.conversations.models import Conversation
from inbox.database import db
from inbox.intake.receive import receive
from inbox.members.grants import EVERYTHING, set_grant
from inbox.members.models import Member
from inbox.platforms.contract import Secret
from inbox.security import Vault
from launcher import sandbox
from launcher.sandbox_channels import connect_all
from tests.bench.crowd import LEAD_ID, LEAD_TEAM_ID
from tests.bench.product import Product, until
from tests.bench.results import Result, middle, percentile
from tests.bench.stage import Stage
from tests.factories.items import message, page

HANGING, CLICKS, ROUNDS, HOLD_SECONDS = 30, 8, 5, 2
ARRIVAL_SECONDS, LATEST_SECONDS = 120.0, 90.0
_CSRF = re.compile(r'name="csrf-token" content="([^"]+)"')


class ReplyLatency:
    """Everything is started once; each round presses Send a few times."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rounds: list[list[float]] = []
        self._tarpits = [_listen_in_silence(f"127.1.0.{number + 1}") for number in range(HANGING)]
        self._product = Product(stage)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        stage, product = self._stage, self._product
        place = sandbox.folder(stage.settings)
        place.mkdir()
        words = ("-P", "-m", "sandbox", "--data", str(place), "--traffic", "off")
        process = product.run("sandbox", "python", *words)
        until(lambda: sandbox.is_answering(place, process.pid), "the sandbox answers")
        told = sandbox.read(place)
        services = {str(told["url"]), *map(_address, self._tarpits)}
        product.environ["RELEVO_LOCAL_SERVICES"] = " ".join(sorted(services))
        settings = replace(stage.settings, local_services=frozenset(services))
        self._app = create_app(settings, busy_seconds=30)
        self._fans = httpx.Client(
            base_url=told["url"], headers={"Authorization": f"Bearer {told['control_token']}"}, timeout=30
        )
        self._let_fans_write()
        connect_all(self._app, settings, told)
        hanging_ids = _connect_hanging(self._app, list(map(_address, self._tarpits)))
        product.start("web", "worker-send", "worker-poll", "beat")
        self._ids = until(self._find_waiting, "what the fans wrote has come in", ARRIVAL_SECONDS)
        self._browser = _sign_in(product, stage)
        product.run("writing", "python", "-P", "-m", "tests.bench.writing", "200", "600", "40", "500")
        for conversation_id in hanging_ids:
            self._press(conversation_id, "This one hangs.")

    def round(self) -> None:
        """Press Send for different people, a second apart, and wait until the platform has all."""
        pressed = {}
        for _ in range(CLICKS):
            conversation_id = self._ids.pop()
            text = f"Abrimos a las nueve. {conversation_id}"
            pressed[text] = time.time()
            self._press(conversation_id, text)
            until(lambda: time.time() > max(pressed.values()) + 1, "a second is over")
        accepted = until(lambda: self._find_accepted(set(pressed)), "the platform has all replies", LATEST_SECONDS)
        self._rounds.append([accepted[text] - at - HOLD_SECONDS for text, at in pressed.items()])

    def results(self) -> Sequence[Result]:
        """Return the one row; each round's p95 is that of its few clicks, its slowest."""
        p50, p95 = (middle([1000 * percentile(one, part) for one in self._rounds]) for part in (0.5, 0.95))
        return [Result("reply_latency", self._stage.database, self._stage.rows, p50_ms=p50, p95_ms=p95)]

    def close(self) -> None:
        """End the processes, the silent servers and the application."""
        self._product.stop()
        for tarpit in self._tarpits:
            tarpit.close()

    def _let_fans_write(self) -> None:
        post_id = self._fans.post("/sandbox/feed/post", json={"text": "Rebajas de otoño"}).json()["id"]
        for number in range(CLICKS * ROUNDS):
            said = {"by": f"fan{number}@plaza.test", "text": "¿Cuándo abren la tienda?", "on": post_id}
            answer = self._fans.post("/sandbox/feed/comment", json=said)
            assert answer.is_success, answer.text

    def _find_waiting(self) -> list[int]:
        """Return the conversations of the sandbox's channel once all fans are there."""
        with self._app.app_context():
            query = select(Conversation.id).join(Channel, Channel.id == Conversation.channel_id)
            wanted = (Channel.platform == "sandbox_feed", Channel.handle.not_like("hangs%"))
            ids = list(db.session.scalars(query.where(*wanted, Conversation.waiting_since.is_not(None))))
            db.session.remove()
        return ids if len(ids) >= CLICKS * ROUNDS else []

    def _find_accepted(self, texts: set[str]) -> dict[str, float]:
        rows = self._fans.get("/sandbox/feed/accepted").json()["accepted"]
        found = {text: float(row["at"]) for row in rows for text in texts if text in row["text"]}
        return found if len(found) == len(texts) else {}

    def _press(self, conversation_id: int, text: str) -> None:
        """Open the composer as its script does, and press Send."""
        with self._app.app_context():
            seen_seq = db.session.scalar(select(Conversation.last_seq).where(Conversation.id == conversation_id))
            db.session.remove()
        draft = self._post(f"/c/{conversation_id}/draft")
        fields = {"reply_key": draft.json()["reply_key"], "text": text, "seen_seq": str(seen_seq)}
        self._post(f"/c/{conversation_id}/reply", fields)

    def _post(self, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """Ask, and as the page does ask again while everybody is writing at once."""

        def ask() -> httpx.Response | None:
            answer = self._browser.post(path, data=fields)
            return None if answer.status_code == 503 else answer

        answer = until(ask, f"the database has a moment for {path}")
        assert answer.is_success, answer.text
        return answer


def open_on(stage: Stage) -> ReplyLatency:
    """Start the product, the sandbox and the silent servers."""
    return ReplyLatency(stage)


def _listen_in_silence(host: str) -> socket.socket:
    """Take connections, for the kernel does, and never say a word."""
    listener = socket.socket()
    listener.bind((host, 0))
    listener.listen(128)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def _connect_hanging(app: Flask, addresses: Sequence[str]) -> list[int]:
    """Add a channel on each silent server, due to be read, with one person who waits; returns the conversations."""
    vault = Vault(app.config["RELEVO"].secret_keys)
    with app.app_context():
        session = db.session()
        measured = session.scalars(select(Channel).where(Channel.platform == "sandbox_feed")).one()
        set_grant(session, LEAD_TEAM_ID, measured.id, EVERYTHING, by_member_id=None)
        session.execute(update(Member).where(Member.id == LEAD_ID).values(undo_seconds=HOLD_SECONDS))
        for number, address in enumerate(addresses):
            channel = _copy(measured, number, address)
            session.add(channel)
            session.flush()
            credentials.keep(session, vault, channel.id, Secret({"access_token": "says nothing"}))
            set_grant(session, LEAD_TEAM_ID, channel.id, EVERYTHING, by_member_id=None)
            stream = ChannelStream(channel_id=channel.id, name="mentions", due_at=clock.now())
            session.add(stream)
            session.flush()
            asked = page(message(f"hangs-{number}", by=f"hangs{number}"))
            receive(session, channel, stream, asked, received_at=clock.now(), pace=app.config["RELEVO"].pace)
        session.commit()
        return _list_of_hanging(session)


def _copy(measured: Channel, number: int, address: str) -> Channel:
    now = clock.now()
    given: dict[str, Any] = {"platform": measured.platform, "limits": measured.limits, "is_sandbox": True}
    times = dict.fromkeys(("state_since_at", "created_at", "connected_at", "import_done_at"), now)
    name = f"hangs{number}"
    return Channel(
        external_id=name, handle=name, service_url=address, host=address.removeprefix("http://"), **given, **times
    )


def _list_of_hanging(session: Session) -> list[int]:
    query = select(Conversation.id).join(Channel, Channel.id == Conversation.channel_id)
    return list(session.scalars(query.where(Channel.handle.like("hangs%"))))


def _sign_in(product: Product, stage: Stage) -> httpx.Client:
    name, _, value = stage.sign_in(LEAD_ID).partition("=")
    browser = httpx.Client(base_url=product.url, cookies={name: value}, timeout=60)
    found = _CSRF.search(browser.get("/queue").text)
    assert found is not None
    browser.headers.update({"Accept": "application/json", "X-CSRFToken": found[1]})
    return browser
