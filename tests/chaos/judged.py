"""A small world that is the same on both sides: in a ledger, and in the tables as the product would have it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message, Thread
from inbox.outbox.models import Delivery
from inbox.platforms import items
from inbox.platforms.outgoing import Sent
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.chaos.judging import Verdict, judge
from tests.factories.basics import make_channel, make_responder
from tests.factories.items import author, gone, make_stream, take_in
from tests.factories.ledger import OUR_IDS, Book
from tests.factories.replies import Scene, make_delivery
from tests.fixtures.app import MovingClock

QUESTION = "¿Cuándo abren la tienda de Lugo?"
# How long after it was written a message is received; the sandbox and we have one clock.
RECEIVED_AFTER = 4.0


@dataclass
class Judged:
    """Both sides; every verb changes both alike, `book`, `session` and `sql` one alone."""

    session: Session
    book: Book
    clock: MovingClock
    feed: Channel
    pages: Channel

    @classmethod
    def make(cls, session: Session, folder: Path, clock: MovingClock) -> "Judged":
        """Connect the brand's two accounts; nobody has said anything."""
        now = clock()
        found = {
            personality: make_channel(
                session, f"sandbox_{personality}", external_id=number, import_done_at=now, connected_at=now
            )
            for personality, number in OUR_IDS.items()
        }
        make_stream(session, found["feed"], "own_posts")
        world = cls(session, Book(folder / "ledger.sqlite"), clock, found["feed"], found["pages"])
        world.later(10)
        for personality, kind in (("feed", "status"), ("pages", "post")):
            post_id = world.post_id(personality)
            world.book.publish(
                personality, post_id, "Nueva tienda en Lugo", at=world.now, author_id=OUR_IDS[personality], kind=kind
            )
            seen = items.PostSeen(external_id=post_id, text="Nueva tienda en Lugo", is_ours=True)
            take_in(session, world.channel(personality), seen)
        return world

    @property
    def now(self) -> float:
        """The time in seconds, as the ledger has it."""
        return self.clock().timestamp()

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.move(seconds)

    def channel(self, personality: str) -> Channel:
        """Return the channel of a personality."""
        return self.feed if personality == "feed" else self.pages

    @staticmethod
    def post_id(personality: str) -> str:
        """Return the id of our one post."""
        return "1000" if personality == "feed" else "109000000000001_1000"

    def comment(self, number: str, words: str = QUESTION, *, by: str = "ana", on: str = "", **given: Any) -> None:
        """Let somebody comment on our post of the feed, or on a comment there; it is received soon after."""
        told = {"mentions_us": int(given.pop("mentions_us", True))}
        mine = OUR_IDS["feed"] if by == "us" else f"id-{by}"
        above = {} if not on else {"parent_id": on, "thread_id": "1000"}
        place = {"parent_id": "1000", "thread_id": "1000"} | above
        self.book.publish("feed", number, words, at=self.now, author_id=mine, **place, **told | given)
        self.receive(number)

    def receive(self, number: str, after: float = RECEIVED_AFTER, **page: Any) -> None:
        """Let the product read an item of the feed as the ledger has it now."""
        rows = self.book.connection.execute(
            "SELECT author_id, parent_id, audience, text, told_authored_at, told_arrived_at, mentions_us, version_no, "
            "published_at FROM message_version WHERE personality = 'feed' AND item_id = ? ORDER BY version_no DESC",
            (number,),
        ).fetchone()
        by, parent, audience, words, authored, arrived, mentions_us, version, published = rows
        self.later(after)
        is_ours = by == OUR_IDS["feed"]
        shown = items.Message(
            external_id=number,
            author=items.Author(by) if is_ours else author(by.removeprefix("id-")),
            kind="comment",
            audience=audience,
            text=words,
            parent_id=parent,
            parent_author_id=self._author(parent),
            post_id="1000",
            authored_at=_at(authored),
            arrived_at=None if arrived is None else _at(arrived),
            version=str(version),
            edited_at=_at(published) if version > 1 else None,
            mentions=[OUR_IDS["feed"]] if mentions_us else [],
            mentions_us=bool(mentions_us),
        )
        take_in(self.session, self.feed, shown, **page)

    def _author(self, number: str | None) -> str | None:
        row = self.book.connection.execute(
            "SELECT author_id FROM message_version WHERE personality = 'feed' AND item_id = ?", (number,)
        ).fetchone()
        return None if row is None else str(row[0])

    def edit(self, number: str, words: str) -> None:
        """Let the author of a comment on the feed change it; it is read again soon after."""
        found = self.book.connection.execute(
            "SELECT author_id, parent_id, thread_id, mentions_us, told_authored_at, told_arrived_at, visible_at, "
            "count(*) FROM message_version WHERE personality = 'feed' AND item_id = ?",
            (number,),
        ).fetchone()
        names = ("author_id", "parent_id", "thread_id", "mentions_us", "told_authored_at", "told_arrived_at")
        known = dict(zip(names, found, strict=False))
        self.book.publish("feed", number, words, at=self.now, version_no=found[-1] + 1, **known)
        self.receive(number)

    def remove(self, number: str) -> None:
        """Let the author of a comment on the feed delete it, and the product hear of it."""
        self.book.remove("feed", number, at=self.now)
        self.later(RECEIVED_AFTER)
        take_in(self.session, self.feed, gone(number))

    def reply(self, number: str, reply_id: str, words: str = "Abrimos el lunes.", **given: Any) -> Delivery:
        """Let a member answer a comment on the feed, all of which they had seen; the platform takes it."""
        delivery = self.send(number, words)
        self.accept(delivery, reply_id, words, under=number, **given)
        self.settle(delivery, reply_id)
        return delivery

    def settle(self, delivery: Delivery, reply_id: str) -> None:
        """Let the product know that the platform took an answer."""
        self.later(1)
        sent = Sent(
            external_id=reply_id,
            created_at=self.clock(),
            parent_id=delivery.parent_external_id,
            audience="public",
            text=delivery.outgoing["text"],
            version="1",
        )
        settle(self.session, delivery.id, sent, pace=Pace())

    def send(self, number: str, words: str = "Abrimos el lunes.") -> Delivery:
        """Let a member's answer be on its way; the platform has not got it."""
        self.later(5)
        message = self.row(number)
        scene = Scene(
            self.feed,
            make_responder(self.session, self.feed),
            self.session.get_one(Thread, message.thread_id),
            self.session.get_one(Conversation, message.conversation_id).contact,
            self.session.get_one(Conversation, message.conversation_id),
            message,
        )
        delivery = make_delivery(self.session, scene, "sending")
        delivery.outgoing = dict(delivery.outgoing) | {"text": words}
        self.session.flush()
        return delivery

    def accept(self, delivery: Delivery, reply_id: str, words: str, *, under: str, **given: Any) -> None:
        """Let the platform of the feed take an answer."""
        key = given.pop("key", delivery.reply_key)
        self.book.accept("feed", reply_id, words, at=self.now, under=under, key=key, thread_id="1000", **given)

    def row(self, number: str) -> Message:
        """Return the message of an item."""
        return self.session.execute(select(Message).where(Message.external_id == number)).scalar_one()

    def sql(self, words: str, **values: Any) -> None:
        """Change the tables behind everybody's back."""
        self.session.flush()
        done = self.session.execute(text(words), values)
        assert done.rowcount == 1  # type: ignore[attr-defined]  # a CursorResult, as every statement gives

    def judge(self) -> Verdict:
        """Let the product read everything three times more, and ask for the verdict."""
        newest = self.book.connection.execute(
            "SELECT personality, item_id, max(version_no) FROM message_version WHERE (personality, item_id) NOT IN "
            "(SELECT personality, item_id FROM removal) GROUP BY personality, item_id"
        ).fetchall()
        on_feed = [(number, version) for personality, number, version in newest if personality == "feed"]
        on_pages = [(number, version) for personality, number, version in newest if personality == "pages"]
        for _ in range(5):
            self.later(15)
            for path in ("notifications", f"accounts/{OUR_IDS['feed']}/statuses", "statuses/1000/context"):
                self.book.answer("feed", f"/feed/api/v1/{path}", on_feed, at=self.now)
            edge = f"/pages/v25.0/{self.post_id('pages')}/comments"
            self.book.answer("pages", edge, on_pages, at=self.now, query="order=chronological")
        self.sql("UPDATE channel_stream SET complete_started_at = :at WHERE name = 'own_posts'", at=self.clock())
        self.later(1)
        return self.verdict()

    def verdict(self) -> Verdict:
        """Ask for the verdict as things stand."""
        self.session.commit()
        return judge(self.book.path, current_app.config["RELEVO"].database_url, pace=1, read_at=self.now)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, MovingClock().at.tzinfo) + timedelta(seconds=seconds)
