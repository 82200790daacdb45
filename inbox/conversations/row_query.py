"""Loads the rows of a list: one query for everything that stands in a row, one for the labels."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, ConversationLabel, Label, Message, ReadMark, Status, Thread
from inbox.conversations.rows import LabelView, QueueRow
from inbox.database import shared_alias
from inbox.media.models import Media
from inbox.members.models import Member, Team
from inbox.outbox.models import ON_ITS_WAY, Delivery

_INBOUND_SHOWN, _OUTBOUND_SHOWN, _POST_SHOWN = 300, 160, 120

_inbound, _outbound = shared_alias(Message, name="newest_inbound"), shared_alias(Message, name="newest_outbound")
_assignee, _last_assignee = shared_alias(Member, name="assignee"), shared_alias(Member, name="last_assignee")


def load_rows(session: Session, wanted: Select[Any], member_id: int | None) -> list[QueueRow]:
    """Return the rows of the conversations whose ids `wanted` selects, in the queue's order."""
    loaded = session.execute(_rows(wanted, member_id)).mappings().all()
    labels = _labels(session, [row["conversation_id"] for row in loaded])
    return [QueueRow(**row, labels=tuple(labels.get(row["conversation_id"], ()))) for row in loaded]


def _rows(wanted: Select[Any], member_id: int | None) -> Select[Any]:
    ids = wanted.subquery("wanted")
    return (
        select(*(column.label(name) for name, column in _columns(member_id).items()))
        .select_from(ids)
        .join(Conversation, Conversation.id == ids.c.id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Channel, Channel.id == Conversation.channel_id)
        .join(Thread, Thread.id == Conversation.thread_id)
        .outerjoin(Post, Post.id == Thread.post_id)
        .outerjoin(_inbound, _inbound.id == Conversation.last_inbound_message_id)
        .outerjoin(_outbound, _outbound.id == Conversation.last_outbound_message_id)
        .outerjoin(_assignee, _assignee.id == Conversation.assignee_id)
        .outerjoin(_last_assignee, _last_assignee.id == Conversation.last_assignee_id)
        .outerjoin(Team, Team.id == Conversation.team_id)
        .outerjoin(ReadMark, and_(ReadMark.conversation_id == Conversation.id, ReadMark.member_id == (member_id or 0)))
        .order_by(Conversation.queue_at, Conversation.id)
    )


def _columns(member_id: int | None) -> dict[str, ColumnElement[Any]]:
    """Return the columns by the names of QueueRow's fields."""
    of_conversation = (
        "version status priority kind is_private queue_at waiting_since snoozed_until_at last_message_at channel_id "
        "contact_id assignee_id team_id is_leaving is_no_answer_needed has_edit_after_answer"
    )
    return {
        "conversation_id": Conversation.id.expression,
        **{name: getattr(Conversation, name) for name in of_conversation.split()},
        "last_answered_at": _outbound.clock_at.expression,
        "platform": Channel.platform.expression,
        "channel_handle": Channel.handle.expression,
        "channel_name": Channel.display_name.expression,
        "is_sandbox": Channel.is_sandbox.expression,
        "contact_name": func.coalesce(func.nullif(Contact.display_name, ""), Contact.handle),
        "contact_handle": Contact.handle.expression,
        "avatar_url": Contact.avatar_url.expression,
        "avatar_media_id": _avatar(),
        "inbound_message_id": _inbound.id.expression,
        "inbound_text": _shown(_inbound, _INBOUND_SHOWN),
        "is_inbound_gone": _inbound.gone_at.is_not(None),
        "inbound_awaits_reason": _inbound.awaits_reason.expression,
        "outbound_text": _shown(_outbound, _OUTBOUND_SHOWN),
        "picture_count": _picture_count(),
        "post_text": func.coalesce(func.substr(Post.text, 1, _POST_SHOWN), ""),
        "assignee_name": _assignee.name.expression,
        "last_assignee_name": _last_assignee.name.expression,
        "team_name": Team.name.expression,
        "is_unread": _is_unread() if member_id is not None else literal(False),
        "delivery_state": _delivery_state(),
        "last_seq": Conversation.last_inbound_seq.expression,
    }


def _shown(message: Any, length: int) -> ColumnElement[str]:
    """The beginning of a message's text; nothing of one that is gone."""
    return case((message.gone_at.is_(None), func.coalesce(func.substr(message.text, 1, length), "")), else_="")


def _is_unread() -> ColumnElement[bool]:
    is_looked_after = Conversation.status.in_((Status.OPEN.value, Status.SNOOZED.value))
    return and_(is_looked_after, Conversation.last_inbound_seq > func.coalesce(ReadMark.up_to_seq, 0))


def _picture_count() -> ColumnElement[int]:
    return (
        select(func.count(Media.id))
        .where(Media.message_id == _inbound.id, _inbound.gone_at.is_(None))
        .correlate(_inbound)
        .scalar_subquery()
    )


def _avatar() -> ColumnElement[int | None]:
    return (
        select(func.max(Media.id))
        .where(Media.contact_id == Conversation.contact_id, Media.channel_id == Conversation.channel_id)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _delivery_state() -> ColumnElement[str | None]:
    # Written out, not bound: SQLite finds a partial index only by its own words.
    on_its_way = Delivery.state.in_(bindparam("on_its_way", ON_ITS_WAY, expanding=True, literal_execute=True))
    is_reply = Delivery.kind == bindparam("reply", "reply", literal_execute=True)
    return (
        select(func.min(Delivery.state))
        .where(Delivery.conversation_id == Conversation.id, on_its_way, is_reply)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _labels(session: Session, conversation_ids: list[int]) -> dict[int, list[LabelView]]:
    if not conversation_ids:
        return {}
    found = (
        select(ConversationLabel.conversation_id, Label.id, Label.name)
        .join(Label, Label.id == ConversationLabel.label_id)
        .where(ConversationLabel.conversation_id.in_(conversation_ids))
        .order_by(Label.folded_name)
    )
    labels: dict[int, list[LabelView]] = {}
    for conversation_id, label_id, name in session.execute(found):
        labels.setdefault(conversation_id, []).append(LabelView(label_id, name))
    return labels
