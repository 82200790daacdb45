"""A channel of the filled database with a platform behind it that has new messages, and no network between them."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.models import Channel, ChannelStream
from inbox.channels.streams import Claim
from inbox.contacts.models import Contact
from inbox.conversations.models import Message
from inbox.platforms.bluesky.connector import BlueskyConnector
from inbox.platforms.contract import Account, Answered, Connection, Secret
from inbox.platforms.given import Given
from inbox.platforms.sandbox.feed.connector import FeedConnector
from inbox.platforms.sandbox.pages.connector import PagesConnector
from inbox.settings import Pace
from tests.bench.raw_pages import Bluesky, Feed, Mix, Pages, Person, Said

PACE = Pace()
Writer = Feed | Pages | Bluesky
# by platform: what words its pages, its connector, and the channel of the filled database that is made one of its
PLATFORMS: dict[str, tuple[type[Writer], Any, int]] = {
    "sandbox_feed": (Feed, FeedConnector, 101),
    "sandbox_pages": (Pages, PagesConnector, 102),
    "bluesky": (Bluesky, BlueskyConnector, 103),
}
_SECRET = Secret({"access_token": "none", "accessJwt": "none", "service_url": "https://social.example"})
_MOST_KNOWN = 500


@dataclass
class Canned:
    """A contract.Http that answers with what it was given, one body a call."""

    bodies: list[bytes] = field(default_factory=list)

    def read(self, url: str, **_: Any) -> Answered:
        """Answer with the next body."""
        return Answered(200, {}, self.bodies.pop(0), url)


@dataclass(frozen=True)
class Source:
    """One channel, and its platform."""

    channel_id: int
    stream_id: int
    writer: Writer
    mix: Mix
    connection: Connection
    http: Canned

    def serve(self, count: int, spoken_count: int = 0, *, minutes_ago: int = 0) -> None:
        """Lay out a page of `count` new messages for the next read, some of which answer us."""
        self.writer.at = clock.now() - timedelta(minutes=minutes_ago)
        self._lay_out(self.mix.page(count, self.writer.word, spoken_count))

    def serve_our_answers(self, *, minutes_ago: int) -> int:
        """Lay out a page of our answers to what was read last; returns how many.

        What was read must be older, and what follows newer, each by more than a minute (Draft.written_at).
        """
        self.writer.at = clock.now() - timedelta(minutes=minutes_ago)
        said = self.mix.known[-40:]
        us = Person(self.writer.own_id, "brand@social.example", "Brand")
        self._lay_out([self.writer.word(self.mix.draft(us, one))[0] for one in said])
        self.mix.spoken = said
        return len(said)

    def _lay_out(self, rows: list[dict[str, Any]]) -> None:
        self.http.bodies = [self.writer.body(rows), *self.writer.besides(rows)]


def open_source(engine: Engine, platform: str, run: str) -> Source:
    """Take a channel of the filled database, with what it has said last as known."""
    make_writer, connector, channel_id = PLATFORMS[platform]
    with Session(engine) as session, session.begin():
        channel = session.get_one(Channel, channel_id)
        channel.platform, channel.import_done_at = platform, clock.now()
        writer = make_writer(channel.external_id, run)
        known = [said for said in _list_known(session, channel) if writer.may_word(said)]
        stream = ChannelStream(channel_id=channel.id, name=writer.stream)
        session.add(stream)
        session.flush()
        account = Account(channel.external_id, channel.scope, channel.handle, channel.service_url)
        http = Canned()
        connection = connector().connect(Given(_SECRET), http, account)
        mix = Mix(random.Random(platform), known, writer.person)
        return Source(channel.id, stream.id, writer, mix, connection, http)


def _list_known(session: Session, channel: Channel) -> list[Said]:
    query = (
        select(Message.external_id, Contact.external_id, Contact.handle, Contact.display_name)
        .join(Contact, Contact.id == Message.contact_id)
        .where(Message.channel_id == channel.id, Message.direction == "inbound", Message.kind != "direct")
        .order_by(Message.id.desc())
        .limit(_MOST_KNOWN)
    )
    rows = session.execute(query).all()
    return [Said(external_id, external_id, Person(*person)) for external_id, *person in rows if external_id]


def claim(engine: Engine, source: Source) -> Claim:
    """Claim the source's stream, as the sweep does, its mark such that the next page ends the walk."""
    with Session(engine) as session, session.begin():
        stream = session.get_one(ChannelStream, source.stream_id)
        stream.due_at = clock.now()
        stream.cursor = {"mark": stream.due_at.isoformat(), "is_visitors": False}
        session.flush()
        claims = streams.claim_due(session, PACE, 1, source.channel_id)
        return next(one for one in claims if one.stream_id == source.stream_id)
