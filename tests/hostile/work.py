"""What is done while the disk is full, and how one sees that it was done whole and once: a page, clicks, a reply."""

from dataclasses import dataclass
from typing import Any, Protocol, cast

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.models import ChannelStream
from inbox.conversations.models import Conversation, Message, MessageVersion, RawPayload
from inbox.database import db
from inbox.intake.models import Quarantined
from inbox.intake.poll import Reader, read_stream
from inbox.outbox.models import Delivery
from inbox.platforms.contract import Connection as PlatformConnection
from inbox.platforms.items import Item, Page, Picture, Unreadable
from inbox.replies.models import Draft
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.items import make_stream, message, page, post, take_in
from tests.factories.members import form_token, sign_in_as
from tests.factories.replies import Scene, make_draft, make_scene
from tests.fixtures.app import MovingClock
from tests.fixtures.replies import Bench

PACE = Pace()
HTML = {"Accept": "text/html"}


class Work(Protocol):
    """Something that writes, made anew for each place at which the disk fills up."""

    def act(self) -> bool:
        """Do it; tells whether who asked was refused in words. Raises where nobody asked and the disk is full."""
        ...

    def again(self) -> None:
        """Let what comes next come: another try, another worker."""
        ...

    def check(self) -> None:
        """Assert that it was done, whole and once."""
        ...


# So many that what is recorded of them needs room of its own.
MORE = [f"more {number}" for number in range(20)]


@dataclass
class Intake:
    """A page of everything: comments, one with a picture, an edit, a post, one that can't be read."""

    session: Session
    clock: MovingClock

    def __post_init__(self) -> None:
        self.channel = make_channel(self.session, import_done_at=clock.now())
        self.stream = make_stream(self.session, self.channel, due_at=clock.now())
        self.channel_id, self.stream_id = self.channel.id, self.stream.id
        take_in(self.session, self.channel, message("known", text="first"), stream=self.stream)
        self.session.commit()
        items: list[Item] = [
            message("new", by=f"fan-{self.channel_id}"),
            message("shown", pictures=[Picture("https://cdn.example/1.png")]),
            message("known", text="second, and longer by some words"),
            post("a-post"),
            Unreadable(b"{", "cut"),
            *(message(name) for name in MORE),
        ]
        self.page = page(*items, cursor_after={"mark": 7}, is_complete=True)
        with Session(db.engine) as session, session.begin():
            (self.claim,) = streams.claim_due(session, PACE, 1)
        self.reader = Reader(lambda: Session(db.engine), lambda _channel: cast(PlatformConnection, self), PACE)

    def fetch(self, *_: Any, **__: Any) -> Page:
        return self.page

    def act(self) -> bool:
        read_stream(self.reader, self.claim)
        return False

    def again(self) -> None:
        self.session.rollback()
        self.clock.move(PACE.stream_lease_seconds + PACE.poll_longest_seconds)
        with Session(db.engine) as session, session.begin():
            claims = streams.claim_due(session, PACE, 1, self.channel_id)
        for claim in claims:
            read_stream(self.reader, claim)

    def check(self) -> None:
        self.session.rollback()
        mine = Message.channel_id == self.channel_id
        texts = {m.external_id: m.text for m in self.session.scalars(select(Message).where(mine))}
        assert texts.keys() == {"known", "new", "shown", *MORE}
        assert texts["known"].startswith("second")
        assert self._count(Message) == len(texts)
        assert self._count(Quarantined, Quarantined.channel_id == self.channel_id) == 1
        ids = select(Message.id).where(mine)
        assert self._count(MessageVersion, MessageVersion.message_id.in_(ids)) == 1
        assert self._count(RawPayload, RawPayload.message_id.in_(ids)) == len(texts) + 1
        assert self.session.get_one(ChannelStream, self.stream_id).cursor == {"mark": 7}
        self.session.execute(ChannelStream.__table__.update().values(due_at=None))  # type: ignore[attr-defined]
        self.session.commit()

    def _count(self, model: Any, *which: Any) -> int:
        which = which or (model.channel_id == self.channel_id,)
        return self.session.scalar(select(func.count()).select_from(model).where(*which)) or 0


@dataclass
class Click:
    """A member's click that must be answered with a sentence and change nothing while the disk is full."""

    app: Flask
    session: Session
    scene: Scene
    text = "We open at nine."

    def __post_init__(self) -> None:
        self.number = self.scene.conversation.id
        self.draft = make_draft(self.session, self.scene)
        self.draft_id, self.reply_key = self.draft.id, self.draft.reply_key
        self.draft.text = self.text
        self.browser: FlaskClient = sign_in_as(self.app, self.session, self.scene.member)
        self.token = form_token(self.browser)

    def post(self, path: str, **fields: Any) -> Any:
        values = {"csrf_token": self.token, "seen_seq": "1", **fields}
        self.words = fields.get("text", "")
        return self.browser.post(f"/c/{self.number}/{path}", data=values, headers=HTML)

    def told(self, answer: Any) -> bool:
        """Tell whether the click was refused; a refusal says what to do and shows nothing of the inside."""
        if answer.status_code == 303:
            return False
        assert answer.status_code == 503
        assert "The disk is full, so nothing was saved." in answer.text
        assert self.words in answer.text, "the page before may be gone, and the words with it"
        assert not [word for word in ("INSERT", "UPDATE", "Traceback", "sqlite", "psycopg") if word in answer.text]
        draft = self.session.get_one(Draft, self.draft_id, populate_existing=True)
        assert (draft.state, draft.text) == ("open", self.text)
        self.session.rollback()
        return True


class Reply(Click):
    """Send."""

    def act(self) -> bool:
        return self.told(self.post("reply", reply_key=self.reply_key, text=self.text, mode="public"))

    def again(self) -> None:
        assert self.post("reply", reply_key=self.reply_key, text=self.text, mode="public").status_code == 303

    def check(self) -> None:
        self.session.rollback()
        query = select(Delivery.state).where(Delivery.conversation_id == self.number)
        assert self.session.scalars(query).all() == ["held"]
        self.session.rollback()


class Finish(Click):
    """Done."""

    def act(self) -> bool:
        return self.told(self.post("finish", why="no_answer_needed"))

    def again(self) -> None:
        self.session.rollback()
        status = self.session.get_one(Conversation, self.number, populate_existing=True).status
        self.session.rollback()
        if status == "open":
            assert self.post("finish", why="no_answer_needed").status_code == 303

    def check(self) -> None:
        self.session.rollback()
        found = self.session.get_one(Conversation, self.number, populate_existing=True)
        assert (found.status, found.waiting_since) == ("done", None)
        self.session.rollback()


@dataclass
class Sending:
    """A queued reply on its way: claimed, sent, settled."""

    bench: Bench

    def __post_init__(self) -> None:
        self.bench.platform.has_own_ids, self.bench.platform.looks = True, "sure"
        self.scene = make_scene(self.bench.session)
        self.delivery = self.bench.queue(self.scene)
        self.delivery_id = self.delivery.id
        self.sends_before = self.bench.platform.sends

    def act(self) -> bool:
        self.bench.send()
        return False

    def again(self) -> None:
        self.bench.session.rollback()
        for _ in range(3):
            if self.bench.state(self.delivery) == "sent":
                return
            self.bench.send()
            self.bench.clock.move(PACE.send_lease_seconds + 1)
            self.bench.sweep()
            self.bench.look_until_decided(self.delivery)

    def check(self) -> None:
        assert self.bench.state(self.delivery) == "sent"
        assert self.bench.platform.sends == self.sends_before + 1, "said twice, or not at all"
        shown = (
            select(func.count())
            .select_from(Message)
            .where(Message.conversation_id == self.scene.conversation.id, Message.direction == "outbound")
        )
        assert self.bench.session.scalar(shown) == 1
        self.bench.session.rollback()
