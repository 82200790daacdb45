"""From the writer's Send to a row that leaves once, however often and by however many it is pressed (RULES D5, B1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel, ChannelState
from inbox.conversations.edits import says_more_since
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.threads import lock_thread
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.platforms.contract import Connection, PlatformError
from inbox.platforms.outgoing import Outgoing
from inbox.replies import audience as audiences
from inbox.replies.drafts import Keeping, clean, keep_aside, lock_draft, save_draft
from inbox.replies.frozen import freeze, thaw
from inbox.replies.models import Draft
from inbox.replies.writing import find_parent, write_outgoing
from inbox.settings import Pace


@dataclass(frozen=True)
class Wanted:
    """What the writer pressed Send on. `seen_seq`: the newest on their screen then.

    `hold_seconds` None: the member's own undo time. `after_delivery_id`: send after that reply of another.
    """

    reply_key: str
    text: str
    seen_seq: int
    mode: str = "public"
    parent_message_id: int | None = None
    also_conversation_ids: Sequence[int] = ()
    is_finishing: bool = False
    hold_seconds: float | None = None
    after_delivery_id: int | None = None
    is_confirmed_late: bool = False
    keeping: Keeping | None = None
    seen_wording: int | None = None  # the newest edit on their screen (conversations/edits.py); None: not known


@dataclass(frozen=True)
class Queued:
    """The reply has a delivery; `is_new` False: an earlier press made it, and this is its state now."""

    delivery: Delivery
    is_new: bool


@dataclass(frozen=True)
class Blocked:
    """Another reply of the conversation is on its way; the text is kept in `draft`: wait, discard, or send after."""

    delivery: Delivery
    draft: Draft


@dataclass(frozen=True)
class Waiting:
    """The draft leaves by itself after another's reply, or comes back."""

    draft: Draft


@dataclass(frozen=True)
class KeptAside:
    """The key had sent other words, those of another window: these are a draft of their own, and nothing left."""

    delivery: Delivery
    draft: Draft


@dataclass(frozen=True)
class Stopped:
    """The channel can't send until somebody mends it; the text is kept in `draft`, and nothing left."""

    draft: Draft


Result = Queued | Blocked | Waiting | KeptAside | Stopped


def queue_reply(
    session: Session, member: Member, conversation: Conversation, wanted: Wanted, *, connection: Connection, pace: Pace
) -> Result:
    """Queue a reply once; the same key again gives the first's result, and with other words keeps those as a draft.

    The caller has checked that the member may answer the conversation. Raises NotFound for a key that was not
    opened by this member in this conversation, Invalid or Conflict with the reason why it can't be sent.
    """
    first = find_first(session, member.id, conversation, wanted.reply_key)
    if first is not None:
        return _again(session, member, conversation, wanted, first)
    thread = lock_thread(session, conversation.thread_id)
    draft = lock_draft(session, wanted.reply_key)
    first = find_first(session, member.id, conversation, wanted.reply_key)  # whoever held the lock was first
    if first is not None:
        return _again(session, member, conversation, wanted, first)
    _check_key(draft, member.id, conversation.id)
    assert draft is not None
    if draft.state == "waiting" and wanted.after_delivery_id is not None:
        return Waiting(draft)
    also = _check_also(session, conversation, wanted)
    _check_seen(thread, wanted.seen_seq)
    _check_wordings(session, conversation, wanted)
    _keep(session, draft, wanted, also)
    if session.get_one(Channel, conversation.channel_id).state == ChannelState.NEEDS_YOU:
        return Stopped(draft)
    outgoing = write_outgoing(session, member, conversation, draft)
    if wanted.after_delivery_id is not None:
        return _wait_for(session, draft, conversation, wanted.after_delivery_id)
    return _insert(session, member, conversation, draft, wanted, outgoing, connection, pace)


def find_first(session: Session, member_id: int, conversation: Conversation, reply_key: str) -> Delivery | None:
    """Return what an earlier press with this key made; raises NotFound if it is another's or elsewhere's."""
    found = session.scalar(
        select(Delivery).where(Delivery.reply_key == reply_key).execution_options(populate_existing=True)
    )
    if found is None:
        return None
    if found.member_id != member_id or not _is_same(session, found.conversation_id, conversation.id):
        raise NotFound("reply_key_unknown")
    return found


def _again(
    session: Session, member: Member, conversation: Conversation, wanted: Wanted, first: Delivery
) -> Queued | KeptAside:
    """Answer a key that was used before: a second press of the same Send, or two windows that shared one draft."""
    words = clean(wanted.text)
    sent = session.scalar(select(Draft.text).where(Draft.delivery_id == first.id))
    if not words.strip() or words in (sent, thaw(first.outgoing).text):
        return Queued(first, is_new=False)
    draft = keep_aside(session, member, conversation, words)
    save_draft(session, draft, words, mode=wanted.mode, seen_seq=wanted.seen_seq)
    return KeptAside(first, draft)


def find_on_its_way(session: Session, conversation_id: int) -> Delivery | None:
    """Return the reply of this conversation that is on its way; there is at most one."""
    query = select(Delivery).where(
        Delivery.conversation_id == conversation_id, Delivery.kind == "reply", Delivery.state.in_(ON_ITS_WAY)
    )
    return session.scalar(query.execution_options(populate_existing=True))


def queue_waiting(
    session: Session, member: Member, conversation: Conversation, draft: Draft, connection: Connection, pace: Pace
) -> Result:
    """Queue a draft whose turn has come, without another hold; the caller made D6's checks and holds the thread."""
    wanted = Wanted(draft.reply_key, draft.text, draft.seen_seq, hold_seconds=0, is_finishing=draft.is_finishing)
    outgoing = write_outgoing(session, member, conversation, draft)
    return _insert(session, member, conversation, draft, wanted, outgoing, connection, pace)


def _is_same(session: Session, known_id: int | None, asked_id: int) -> bool:
    """Tell whether two ids mean one conversation, now that threads may have been joined."""
    while known_id is not None and known_id != asked_id:
        known_id = session.scalar(select(Conversation.joined_into_id).where(Conversation.id == known_id))
    return known_id == asked_id


def _check_key(draft: Draft | None, member_id: int, conversation_id: int) -> None:
    if draft is None or draft.member_id != member_id or draft.conversation_id != conversation_id:
        raise NotFound("reply_key_unknown")
    if draft.state == "discarded":
        raise Conflict("draft_discarded")


def _check_also(session: Session, conversation: Conversation, wanted: Wanted) -> dict[str, int]:
    """Return the ticked conversations with what was seen of them; raises NotFound outside the thread."""
    ids = sorted(set(wanted.also_conversation_ids) - {conversation.id})
    query = select(Conversation.id).where(Conversation.id.in_(ids), Conversation.thread_id == conversation.thread_id)
    if ids and len(session.scalars(query).all()) != len(ids):
        raise NotFound("conversation_unknown")
    return {str(one): wanted.seen_seq for one in ids}


def _check_seen(thread: Thread, seen_seq: int) -> None:
    if not 0 <= seen_seq <= thread.last_seq:
        raise Invalid("seen_seq_unknown", seen_seq=seen_seq, last_seq=thread.last_seq)


def _check_wordings(session: Session, conversation: Conversation, wanted: Wanted) -> None:
    """Let nobody answer a question that they have not read: it may have been edited since they opened the page."""
    ids = {conversation.id, *wanted.also_conversation_ids}
    seen = wanted.seen_wording
    if seen is not None and any(says_more_since(session, one, wanted.seen_seq, seen) for one in sorted(ids)):
        raise Conflict("edited_meanwhile")


def _keep(session: Session, draft: Draft, wanted: Wanted, also: dict[str, int]) -> None:
    """Keep the words that Send was pressed on; what the same page kept before is overtaken by them."""
    save_draft(
        session,
        draft,
        wanted.text,
        mode=wanted.mode,
        parent_message_id=wanted.parent_message_id,
        seen_seq=wanted.seen_seq,
        also_answers=also,
        is_finishing=wanted.is_finishing,
    )
    if wanted.keeping is not None:
        draft.kept_page, draft.kept_number = wanted.keeping.page, wanted.keeping.number


def _wait_for(session: Session, draft: Draft, conversation: Conversation, delivery_id: int) -> Waiting:
    awaited = session.get(Delivery, delivery_id)
    if awaited is None or not _is_same(session, awaited.conversation_id, conversation.id):
        raise NotFound("delivery_unknown")
    draft.state = "waiting"
    draft.send_after_delivery_id = awaited.id
    session.flush()
    nudges.after_commit(session, nudges.SEND)
    return Waiting(draft)


def _insert(
    session: Session,
    member: Member,
    conversation: Conversation,
    draft: Draft,
    wanted: Wanted,
    outgoing: Outgoing,
    connection: Connection,
    pace: Pace,
) -> Result:
    blocking = find_on_its_way(session, conversation.id)
    if blocking is not None:
        return Blocked(blocking, draft)
    outgoing = _prepare(connection, outgoing, wanted.reply_key)
    try:
        with session.begin_nested():
            delivery = _add(session, member, conversation, draft, wanted, outgoing, connection, pace)
    except IntegrityError:  # somebody was quicker than our look: the constraints decide, we read back
        first = find_first(session, member.id, conversation, wanted.reply_key)
        if first is not None:
            return _again(session, member, conversation, wanted, first)
        blocking = find_on_its_way(session, conversation.id)
        if blocking is None:
            raise
        return Blocked(blocking, draft)
    _hand_over(session, conversation, draft, delivery)
    return Queued(delivery, is_new=True)


def _prepare(connection: Connection, outgoing: Outgoing, key: str) -> Outgoing:
    try:
        return connection.prepare(outgoing, key)
    except PlatformError as error:
        raise Invalid(error.code, detail=error.detail) from error


def _add(
    session: Session,
    member: Member,
    conversation: Conversation,
    draft: Draft,
    wanted: Wanted,
    outgoing: Outgoing,
    connection: Connection,
    pace: Pace,
) -> Delivery:
    now = clock.now()
    hold = _hold_seconds(member, wanted, pace)
    leaves_at = now + timedelta(seconds=hold)
    message = _add_message(session, member, conversation, draft, outgoing)
    delivery = Delivery(
        kind="reply",
        reply_key=wanted.reply_key,
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        message_id=message.id if message else None,
        member_id=member.id,
        state=State.HELD if hold else State.QUEUED,
        due_at=leaves_at,
        not_before_at=leaves_at,
        seen_seq=draft.seen_seq,
        also_answers=dict(draft.also_answers),
        is_finishing=wanted.is_finishing,
        is_confirmed_late=wanted.is_confirmed_late,
        outgoing=freeze(outgoing),
        wanted_external_id=connection.wanted_id(outgoing),
        text_as_stored=connection.as_stored(outgoing.text),
        parent_external_id=outgoing.parent_id,
        candidates=[],
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


def _add_message(
    session: Session, member: Member, conversation: Conversation, draft: Draft, outgoing: Outgoing
) -> Message | None:
    """Add the message without its place in the thread, which it gets when it is accepted.

    A private continuation has no message until then: it belongs to a private thread that does not exist yet.
    """
    if outgoing.audience in audiences.PRIVATE and not conversation.is_private:
        return None
    parent = find_parent(session, conversation, draft.parent_message_id)
    now = clock.now()
    message = Message(
        thread_id=conversation.thread_id,
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        member_id=member.id,
        direction="outbound",
        kind="direct" if conversation.is_private else parent.kind,
        audience=outgoing.audience,
        parent_external_id=outgoing.parent_id,
        text=draft.text if outgoing.audience != "direct" else outgoing.text,
        platform_ref={},
        marks=[],
        mentions=[],
        received_at=now,
        clock_at=now,
    )
    session.add(message)
    session.flush()
    return message


def _hold_seconds(member: Member, wanted: Wanted, pace: Pace) -> float:
    """Return how long the reply can still be taken back: 0 to 30 s at pace 1, the writer's choice."""
    scale = pace.hold_longest_seconds / Pace().hold_longest_seconds
    asked = member.undo_seconds * scale if wanted.hold_seconds is None else wanted.hold_seconds
    return min(max(asked, 0), pace.hold_longest_seconds)


def _hand_over(session: Session, conversation: Conversation, draft: Draft, delivery: Delivery) -> None:
    draft.state = "leaving"
    draft.delivery_id = delivery.id
    draft.send_after_delivery_id = draft.returned_code = draft.returned_detail = None
    if delivery.is_finishing:
        conversation.is_leaving = True
    conversation.version += 1
    after = {"delivery_id": delivery.id, "state": delivery.state, "leaves_at": delivery.not_before_at.isoformat()}
    record(
        session,
        kinds.REPLY_HELD,
        member_id=delivery.member_id,
        channel_id=delivery.channel_id,
        conversation_id=conversation.id,
        message_id=delivery.message_id,
        after=after,
    )
    if delivery.state == State.QUEUED:
        nudges.after_commit(session, nudges.SEND)
