"""Takes in a page that a platform showed, whole, in the caller's transaction (RULES A, C1, D4, E)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, ChannelStream, Post
from inbox.channels.skew import known_skew, learn
from inbox.intake import own, quarantine
from inbox.intake.changes import take_changes, take_gone
from inbox.intake.imports import is_history, is_importing
from inbox.intake.join import join_wanted
from inbox.intake.known import Known, changed, ids_of, load_known
from inbox.intake.landing import Landed, Landing
from inbox.intake.posts import differs, load_posts, take_posts
from inbox.intake.sorting import Sorted, sort_items
from inbox.intake.store import Fresh
from inbox.intake.times import clock_at
from inbox.platforms.items import Message, Page
from inbox.settings import Pace

_LOCK = select(Channel.id).where(Channel.id == bindparam("channel_id")).with_for_update(key_share=True)


@dataclass(frozen=True)
class Received:
    """What a page brought. `new`: messages that came to be seen; `own`: replies of ours that it confirmed."""

    new: int = 0
    edited: int = 0
    gone: int = 0
    own: int = 0
    posts: int = 0
    quarantined: int = 0
    message_ids: tuple[int, ...] = ()

    def __add__(self, other: "Received") -> "Received":
        """Return what two pages brought together."""
        return Received(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def is_quiet(self) -> bool:
        """Whether the page said nothing that we had not."""
        return self == Received()


def receive(
    session: Session,
    channel: Channel,
    stream: ChannelStream,
    page: Page,
    *,
    received_at: datetime,
    pace: Pace,
) -> Received:
    """Take in every item of a page; a page that says nothing new costs one SELECT and writes nothing.

    The caller writes the cursor and commits. Two workers may bring the same page: the channel's row is
    locked while there is something to write, so that the second finds what the first wrote. May raise the
    database's IntegrityError, serialization or deadlock errors: roll back and receive the page again.
    """
    learn(channel, page.skew)
    found = sort_items(page.items)
    known = _look_up(session, channel, found)
    if _says_nothing_new(session, channel, found, known):
        return Received()
    if _lock(session, channel):
        known = _look_up(session, channel, found)
    return _Intake(session, channel, stream, page, received_at, pace).take(found, known)


def _look_up(session: Session, channel: Channel, found: Sorted) -> dict[str, Known]:
    return load_known(session, channel.id, ids_of(found.messages.values()) | set(found.gone))


def _says_nothing_new(session: Session, channel: Channel, found: Sorted, known: dict[str, Known]) -> bool:
    if found.rejects or not found.messages.keys() <= known.keys():
        return False
    if changed(known, [*found.messages.values(), *found.later]):
        return False
    if any(external_id not in known or known[external_id].gone_at is None for external_id in found.gone):
        return False
    posts = load_posts(session, channel.id, found.posts)
    return not any(differs(posts.get(external_id), seen) for external_id, seen in found.posts.items())


def _lock(session: Session, channel: Channel) -> bool:
    """Let one worker at a time write what a channel brings; tells whether another may have written meanwhile.

    SQLite's transaction is such a lock from its first statement on.
    """
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        return False
    session.execute(_LOCK, {"channel_id": channel.id})
    return True


@dataclass(frozen=True)
class _Intake:
    """One page on its way in."""

    session: Session
    channel: Channel
    stream: ChannelStream
    page: Page
    received_at: datetime
    pace: Pace

    def take(self, found: Sorted, known: dict[str, Known]) -> Received:
        self._quarantine(found)
        fresh = [message for external_id, message in found.messages.items() if external_id not in known]
        posts = take_posts(
            self.session,
            self.channel,
            found.posts,
            {message.post_id for message in fresh if message.post_id},
            received_at=self.received_at,
            pace=self.pace,
        )
        answered = ids_of(fresh) - known.keys() - posts.keys() - found.messages.keys()
        landed = self._land(fresh, known, posts | load_posts(self.session, self.channel.id, answered))
        edits = [*changed(known, list(found.messages.values())), *found.later]
        edited = take_changes(self.session, self.channel, edits, received_at=self.received_at, pace=self.pace)
        gone = take_gone(self.session, self.channel, found.gone.values(), pace=self.pace)
        return Received(
            new=len(landed.message_ids),
            edited=edited,
            gone=gone,
            own=landed.own_count,
            posts=len(found.posts),
            quarantined=len(found.rejects),
            message_ids=tuple(landed.message_ids),
        )

    def _quarantine(self, found: Sorted) -> None:
        for reject in found.rejects:
            quarantine.keep(
                self.session,
                self.channel,
                self.stream.name,
                reject.raw,
                reject.code,
                reject.detail,
                is_private=reject.is_private,
                seen_at=self.received_at,
            )

    def _land(self, messages: Sequence[Message], known: dict[str, Known], posts: dict[str, Post]) -> Landed:
        if not messages:
            return Landed()
        ourselves = own.load_ourselves(self.session, self.channel, messages)
        mine: list[Message] = []
        theirs: list[Message] = []
        for message in messages:
            (mine if ourselves.has(message.author) else theirs).append(message)
        ours = own.match_all(self.session, self.channel, mine, pace=self.pace)
        fresh = [self._fresh(message, is_ours=False) for message in theirs]
        fresh += [self._fresh(message, is_ours=True) for message in ours.natives]
        fresh += [self._fresh(message, is_ours=True, held_until=look_at) for message, look_at in ours.held]
        fresh.sort(key=lambda one: (one.clock_at, one.message.external_id))
        landing = Landing(self.session, self.channel, ourselves, self.received_at, self.pace)
        landed = landing.land(fresh, known, posts)
        if ours.settled:  # somebody may have answered a reply of ours before we knew its id
            join_wanted(self.session, self.channel, ours.settled)
        return replace(landed, own_count=len(ours.settled))

    def _fresh(self, message: Message, *, is_ours: bool, held_until: datetime | None = None) -> Fresh:
        at = clock_at(
            message.authored_at,
            message.arrived_at,
            self.received_at,
            last_poll_at=None if is_importing(self.channel) else self.stream.complete_started_at,
            skew=known_skew(self.channel.skew_seconds, self.pace),
            pace=self.pace,
        )
        return Fresh(message, at, is_ours, is_history(self.channel, at), held_until)
