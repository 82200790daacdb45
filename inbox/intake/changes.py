"""What a page or a look says about messages that we have: other words, gone, or there after all (RULES A6)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, Post
from inbox.conversations.edits import Wording, edited
from inbox.conversations.gone import look_said_gone, look_said_present
from inbox.conversations.models import Message as Row
from inbox.conversations.models import MessageVersion
from inbox.conversations.threads import lock_thread
from inbox.intake import store
from inbox.intake.pictures import pictures_of
from inbox.media.models import Media
from inbox.platforms.items import GoneItem, Message
from inbox.replies.vanish import DELETED, REFUSED_LATER, vanished
from inbox.settings import Pace


def take_changes(
    session: Session, channel: Channel, messages: Sequence[Message], *, received_at: datetime, pace: Pace
) -> int:
    """Bring messages that we have in line with how they are shown; returns how many changed their words."""
    count = 0
    for message in messages:
        row = lock_message(session, channel.id, message.external_id)
        if row is not None and not _is_stale(session, row, message):
            count += take_change(session, channel, row, message, received_at=received_at, pace=pace)
    return count


def lock_message(session: Session, channel_id: int, external_id: str) -> Row | None:
    """Return a message as it is now, its thread locked; None: we don't have it."""
    query = select(Row).where(Row.channel_id == channel_id, Row.external_id == external_id)
    row = session.scalar(query)
    if row is None:
        return None
    lock_thread(session, row.thread_id)
    session.flush()
    return session.scalar(query.execution_options(populate_existing=True))


def take_change(
    session: Session, channel: Channel, row: Row, message: Message, *, received_at: datetime, pace: Pace
) -> bool:
    """Bring one message, its thread locked, in line with how it is shown; tells whether its words changed."""
    is_ours_and_gone = row.direction == "outbound" and row.gone_at is not None
    if is_ours_and_gone:
        return False
    look_said_present(session, row)
    if message.is_hidden and row.hidden_at is None:
        row.hidden_at = received_at
    if message.is_liked and row.liked_at is None:
        row.liked_at = received_at
    if (message.version, message.text) == (row.platform_version, row.text) and row.erased_at is None:
        session.flush()
        return False
    row.platform_ref = dict(message.ref) or row.platform_ref
    row.permalink = message.permalink or row.permalink
    row.mentions_us = message.mentions_us
    _replace_pictures(session, channel, row, message)
    ids = {message.external_id: row.id}
    store.write_raw(session, ids, [message], received_at, pace)
    wording = Wording(
        text=message.text,
        marks=store.marks_of(message),
        mentions=list(dict.fromkeys(message.mentions)),
        version=message.version,
        edited_at=message.edited_at,
    )
    return edited(session, row, wording, pace=pace)


def _is_stale(session: Session, row: Row, message: Message) -> bool:
    """Tell whether a page shows an earlier wording than the one we have: two lists may differ in age.

    Where times don't tell, a version or an untimed wording that we had before counts as old; if it was
    put back on purpose, the next look finds it. A wording without such a time is older than one that has it, unless
    it bears a version that we never had.
    """
    is_same_version = message.version is None or message.version == row.platform_version
    if message.edited_at is None and row.edited_at is not None and row.gone_at is None and is_same_version:
        return True
    if message.edited_at is not None and row.edited_at is not None and message.edited_at != row.edited_at:
        return message.edited_at < row.edited_at
    is_timed = message.edited_at is not None and message.version is None
    if row.gone_at is not None or is_timed:
        return False
    was_so = exists().where(
        MessageVersion.message_id == row.id,
        MessageVersion.text == message.text,
        MessageVersion.platform_version.is_not_distinct_from(message.version),
    )
    return bool(session.scalar(select(was_so)))


def _replace_pictures(session: Session, channel: Channel, row: Row, message: Message) -> None:
    """Show what is attached now; rows that stay the same keep the files that were fetched for them."""
    old = session.scalars(select(Media).where(Media.message_id == row.id).order_by(Media.position)).all()
    new = pictures_of(message)
    if [(m.url, m.kind, m.alt) for m in old] == [(p.url, p.kind, p.alt) for p in new]:
        return
    session.execute(delete(Media).where(Media.message_id == row.id))
    store.write_pictures(session, channel, {message.external_id: row.id}, [message])


def take_gone(session: Session, channel: Channel, items: Iterable[GoneItem], *, pace: Pace) -> int:
    """Let explicit deletions count at once; returns how many messages are gone by them."""
    count = 0
    for item in items:
        row = lock_message(session, channel.id, item.external_id)
        if row is None:
            _hide_post(session, channel, item.external_id)
            continue
        if row.gone_at is None:
            _let_go(session, row, item, pace)
            count += 1
    return count


def _let_go(session: Session, row: Row, item: GoneItem, pace: Pace) -> None:
    if row.direction == "inbound":
        look_said_gone(session, row, pace=pace, is_event=True, reason=None if item.is_by_author else "platform")
        return
    look_said_gone(session, row, pace=pace, is_event=True)
    vanished(session, row, pace=pace, reason=DELETED if item.is_by_author else REFUSED_LATER)


def _hide_post(session: Session, channel: Channel, external_id: str) -> None:
    post = session.scalar(select(Post).where(Post.channel_id == channel.id, Post.external_id == external_id))
    if post is not None and post.gone_at is None:
        post.gone_at = clock.now()
        session.flush()
