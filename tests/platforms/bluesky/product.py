"""Relevo itself with one channel: its polls, its replies, its second looks, and what its tables say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from inbox.channels import connections, credentials, streams
from inbox.channels.models import Channel, ChannelStream, Credential
from inbox.channels.opening import open_channel
from inbox.channels.streams import Claim
from inbox.conversations.models import Conversation, Message, MessageVersion, Thread
from inbox.database import db, read_only
from inbox.intake import recheck
from inbox.intake.poll import Reader, read_stream
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.drafts import open_draft
from inbox.replies.look import look_next
from inbox.replies.queue import Queued, Wanted, queue_reply
from inbox.replies.send import Sender, send_next
from inbox.replies.sweep import sweep
from inbox.security import Vault
from inbox.settings import Pace, Settings
from tests.factories.basics import join_team, make_member, make_team

# What a test waits for is shortened; the overlap, the deep walk and the import keep their lengths.
PACE = replace(
    Pace(),
    gone_confirm_seconds=0.5,
    recheck_awaiting_seconds=0.5,
    look_seconds=(0.2, 0.5, 1, 2),
    poll_lively_seconds=0.2,
    poll_idle_seconds=0.2,
    comments_poll_seconds=0.2,
    failure_backoff_seconds=0.2,
    verify_seconds=1,
)

ROUNDS = 6
Row = TypeVar("Row")


@dataclass
class Product:
    """One channel of one installation, driven as its workers drive it."""

    settings: Settings
    channel_id: int
    member_id: int

    @property
    def channel(self) -> Channel:
        """The channel as it is now."""
        return self.rows(select(Channel).where(Channel.id == self.channel_id))[0]

    def rows(self, query: Select[Row]) -> list[Row]:
        """Return what a query finds now; nothing stays open, as between the tasks of real workers."""
        with read_only(), self.make_session() as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

    def make_session(self) -> Session:
        return Session(db.engine)

    @property
    def reader(self) -> Reader:
        return Reader(self.make_session, connections.connector_for(self.settings, db.engine), self.settings.pace)

    @property
    def sender(self) -> Sender:
        return Sender(self.make_session, connections.connector_for(self.settings, db.engine), self.settings.pace)

    def claims(self) -> list[Claim]:
        """Claim what is due, as the polling task does."""
        with self.make_session() as session, session.begin():
            return streams.claim_due(session, self.settings.pace, 4, self.channel_id)

    def poll(self, *, is_deep: bool = False) -> None:
        """Read the channel's streams, those that appear meanwhile too."""
        with self.make_session() as session, session.begin():
            streams.make_due(session, self.channel_id, is_deep=is_deep)
        reader = self.reader
        for _ in range(ROUNDS):
            for claim in (claims := self.claims()):
                read_stream(reader, claim)
            if not claims:
                return

    def work(self, *, is_deep: bool = False) -> None:
        """Do what workers do all the time: poll, send, look."""
        self.poll(is_deep=is_deep)
        self.send_all()
        self.look_all()

    def received(self) -> dict[str, Message]:
        """Return what others wrote, by its id."""
        theirs = (Message.channel_id == self.channel_id) & (Message.direction == "inbound")
        return {row.external_id or "": row for row in self.rows(select(Message).where(theirs))}

    def outbound(self) -> list[Message]:
        """Return what we wrote."""
        ours = (Message.channel_id == self.channel_id) & (Message.direction == "outbound")
        return self.rows(select(Message).where(ours))

    def versions_of(self, uri: str) -> list[str]:
        """Return the earlier wordings of a message, oldest first."""
        query = select(MessageVersion).where(MessageVersion.message_id == self.received()[uri].id)
        return [version.text for version in self.rows(query.order_by(MessageVersion.number))]

    def conversation_of(self, uri: str) -> Conversation:
        """Return the conversation that a message belongs to."""
        return self.rows(select(Conversation).where(Conversation.id == self.received()[uri].conversation_id))[0]

    def answer(self, uri: str, text: str, mode: str = "public") -> Delivery:
        """Press Send under somebody's message, without a hold."""
        message, connection = self.received()[uri], self.reader.open_connection(self.channel)
        with self.make_session() as session, session.begin():
            member = session.get_one(Member, self.member_id)
            conversation = session.get_one(Conversation, message.conversation_id)
            draft = open_draft(session, member, conversation)
            seen = session.get_one(Thread, conversation.thread_id).last_seq
            wanted = Wanted(draft.reply_key, text, seen, mode, parent_message_id=message.id, hold_seconds=0)
            pace = self.settings.pace
            result = queue_reply(session, member, conversation, wanted, connection=connection, pace=pace)
            assert isinstance(result, Queued), result
            session.flush()
            session.expunge(result.delivery)
        return result.delivery

    def send_all(self) -> None:
        """Let a worker send what is due."""
        while send_next(self.sender):
            pass

    def look_all(self) -> None:
        """Let a worker look for what is unclear."""
        sweep(self.sender)
        while look_next(self.sender):
            pass

    def recheck_all(self) -> None:
        """Let a worker take the second looks that are due."""
        reader = self.reader
        while recheck.run(reader.make_session, reader.open_connection, reader.pace):
            pass

    def state_of(self, delivery: Delivery) -> str:
        """Return a delivery's state as the database has it now."""
        return self.rows(select(Delivery).where(Delivery.id == delivery.id))[0].state

    def streams(self) -> dict[str, ChannelStream]:
        """Return the channel's streams by name."""
        query = select(ChannelStream).where(ChannelStream.channel_id == self.channel_id)
        return {row.name: row for row in self.rows(query)}

    def change_secret(self, **values: str) -> None:
        """Overwrite parts of the stored credential."""
        vault = Vault(self.settings.secret_keys)
        with self.make_session() as session, session.begin():
            row = session.get_one(Credential, self.channel_id)
            secret = credentials.unseal(vault, row.sealed)
            credentials.keep(session, vault, self.channel_id, replace(secret, values={**secret.values, **values}))

    def secret(self) -> dict[str, str]:
        """Return the stored credential."""
        (row,) = self.rows(select(Credential).where(Credential.channel_id == self.channel_id))
        return dict(credentials.unseal(Vault(self.settings.secret_keys), row.sealed).values)


def connect_product(
    app: Flask,
    session: Session,
    given: Mapping[str, str],
    services: Collection[str],
    pace: Pace = PACE,
    platform: str = "bluesky",
) -> Product:
    """Sign in as a member would, and connect the channel; `services` are declared to be local."""
    settings = replace(app.config["RELEVO"], local_services=frozenset(services), pace=pace)
    member = make_member(session)
    team = make_team(session)
    join_team(session, member, team)
    session.commit()
    signed_in = connections.sign_in(settings, platform, given)
    channel = open_channel(session, settings, signed_in, member_id=member.id, team_ids=[team.id], is_sandbox_kept=True)
    made = Product(settings, channel.id, member.id)
    session.commit()
    session.close()
    return made
