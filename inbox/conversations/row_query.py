"""Loads the rows of a list: one query for everything that stands in a row, one for the labels.

The statements stand ready (decision 0012), and read tables, not models: making objects of fifty rows, each of
fifty columns, costs more than finding them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, ConversationLabel, Label, Message, ReadMark, Status, Thread
from inbox.conversations.rows import LabelView, QueueRow
from inbox.media.models import Media
from inbox.members.models import Member, Team
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.sla.models import SlaPolicyVersion, Timer

INBOUND_SHOWN, _OUTBOUND_SHOWN, _POST_SHOWN = 300, 160, 120

_CONVERSATION, _CONTACT, _CHANNEL = table_of(Conversation), table_of(Contact), table_of(Channel)
_THREAD, _POST, _TEAM = table_of(Thread), table_of(Post), table_of(Team)
_MARK, _MEDIA, _DELIVERY = table_of(ReadMark), table_of(Media), table_of(Delivery)
_LABEL, _LABELLED = table_of(Label), table_of(ConversationLabel)
_TIMER, _POLICY = table_of(Timer), table_of(SlaPolicyVersion)
_INBOUND, _OUTBOUND = table_of(Message).alias("newest_inbound"), table_of(Message).alias("newest_outbound")
_ASSIGNEE, _LAST_ASSIGNEE = table_of(Member).alias("assignee"), table_of(Member).alias("last_assignee")

_LABELS = (
    select(_LABELLED.c.conversation_id, _LABEL.c.id, _LABEL.c.name)
    .join(_LABEL, _LABEL.c.id == _LABELLED.c.label_id)
    .where(among(_LABELLED.c.conversation_id, "ids"))
    .order_by(_LABEL.c.folded_name)
)


def load_rows(session: Session, rows: Select[Any], values: Mapping[str, Any]) -> list[QueueRow]:
    """Return the rows that a statement of `rows_of` finds with these values, in the queue's order."""
    loaded = session.execute(rows, values).all()
    labels = _read_labels(session, [row[0] for row in loaded])
    return [_row(row, labels.get(row[0], ())) for row in loaded]


def _row(columns: Sequence[Any], labels: tuple[LabelView, ...]) -> QueueRow:
    in_order: list[Any] = [*columns, labels]  # as QueueRow names its fields
    return QueueRow(*in_order)


def rows_of(wanted: Select[Any], *, is_of_member: bool = True, order: str = "queue_at") -> Select[Any]:
    """Return the statement that loads the conversations whose ids `wanted` selects, by `order` (queue_at, due_at).

    Its values are those of `wanted`, and `member_id`, whose reading says what is unread (else nothing is).
    """
    ids = wanted.subquery("wanted")
    is_read_by = _MARK.c.member_id == bindparam("member_id", type_=BigInteger)
    columns = _columns(is_of_member)
    named = [columns[field.name].label(field.name) for field in fields(QueueRow)[:-1]]
    found = (
        select(*named)
        .select_from(ids)
        .join(_CONVERSATION, _CONVERSATION.c.id == ids.c.id)
        .join(_CONTACT, _CONTACT.c.id == _CONVERSATION.c.contact_id)
        .join(_CHANNEL, _CHANNEL.c.id == _CONVERSATION.c.channel_id)
        .join(_THREAD, _THREAD.c.id == _CONVERSATION.c.thread_id)
        .outerjoin(_POST, _POST.c.id == _THREAD.c.post_id)
        .outerjoin(_INBOUND, _INBOUND.c.id == _CONVERSATION.c.last_inbound_message_id)
        .outerjoin(_OUTBOUND, _OUTBOUND.c.id == _CONVERSATION.c.last_outbound_message_id)
        .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _CONVERSATION.c.assignee_id)
        .outerjoin(_LAST_ASSIGNEE, _LAST_ASSIGNEE.c.id == _CONVERSATION.c.last_assignee_id)
        .outerjoin(_TEAM, _TEAM.c.id == _CONVERSATION.c.team_id)
        .outerjoin(_TIMER, and_(_TIMER.c.conversation_id == _CONVERSATION.c.id, _TIMER.c.ended_at.is_(None)))
        .outerjoin(_POLICY, _POLICY.c.id == _TIMER.c.policy_version_id)
        .order_by(_CONVERSATION.c[order], _CONVERSATION.c.id)
    )
    if is_of_member:
        found = found.outerjoin(_MARK, and_(_MARK.c.conversation_id == _CONVERSATION.c.id, is_read_by))
    return found


def _columns(is_of_member: bool) -> dict[str, ColumnElement[Any]]:
    """Return the columns by the names of QueueRow's fields."""
    of_conversation = (
        "version status priority kind is_private queue_at waiting_since due_at snoozed_until_at last_message_at "
        "channel_id contact_id assignee_id team_id is_leaving is_no_answer_needed has_edit_after_answer"
    )
    return {
        "conversation_id": _CONVERSATION.c.id,
        **{name: _CONVERSATION.c[name] for name in of_conversation.split()},
        "target_seconds": _POLICY.c.target_seconds,
        "is_paused": func.coalesce(_TIMER.c.is_paused, false()),
        "last_answered_at": _OUTBOUND.c.clock_at,
        "platform": _CHANNEL.c.platform,
        "channel_handle": _CHANNEL.c.handle,
        "channel_name": _CHANNEL.c.display_name,
        "is_sandbox": _CHANNEL.c.is_sandbox,
        "contact_name": func.coalesce(func.nullif(_CONTACT.c.display_name, ""), _CONTACT.c.handle),
        "contact_handle": _CONTACT.c.handle,
        "avatar_url": _CONTACT.c.avatar_url,
        "avatar_media_id": _avatar(),
        "inbound_message_id": _INBOUND.c.id,
        "inbound_text": shown_text(_INBOUND, INBOUND_SHOWN),
        "is_inbound_gone": _INBOUND.c.gone_at.is_not(None),
        "inbound_awaits_reason": _INBOUND.c.awaits_reason,
        "outbound_text": shown_text(_OUTBOUND, _OUTBOUND_SHOWN),
        "picture_count": _picture_count(),
        "post_text": func.coalesce(func.substr(_POST.c.text, 1, _POST_SHOWN), ""),
        "assignee_name": _ASSIGNEE.c.name,
        "last_assignee_name": _LAST_ASSIGNEE.c.name,
        "team_name": _TEAM.c.name,
        "is_unread": _is_unread() if is_of_member else false(),
        "delivery_state": _delivery_state(),
        "last_seq": _CONVERSATION.c.last_inbound_seq,
    }


def shown_text(message: FromClause, length: int) -> ColumnElement[str]:
    """SQL: the beginning of a message's text; nothing of one that is gone."""
    return case((message.c.gone_at.is_(None), func.coalesce(func.substr(message.c.text, 1, length), "")), else_="")


def _is_unread() -> ColumnElement[bool]:
    is_looked_after = _CONVERSATION.c.status.in_(_written(Status.OPEN, Status.SNOOZED))
    return and_(is_looked_after, _CONVERSATION.c.last_inbound_seq > func.coalesce(_MARK.c.up_to_seq, 0))


def _picture_count() -> ColumnElement[int]:
    return (
        select(func.count(_MEDIA.c.id))
        .where(_MEDIA.c.message_id == _INBOUND.c.id, _INBOUND.c.gone_at.is_(None))
        .correlate(_INBOUND)
        .scalar_subquery()
    )


def _avatar() -> ColumnElement[int | None]:
    return (
        select(func.max(_MEDIA.c.id))
        .where(_MEDIA.c.contact_id == _CONVERSATION.c.contact_id, _MEDIA.c.channel_id == _CONVERSATION.c.channel_id)
        .correlate(_CONVERSATION)
        .scalar_subquery()
    )


def _delivery_state() -> ColumnElement[str | None]:
    # Written out, not bound: SQLite finds a partial index only by its own words.
    is_reply_on_its_way = (_DELIVERY.c.state.in_(_written(*ON_ITS_WAY)), _DELIVERY.c.kind == literal_column("'reply'"))
    return (
        select(func.min(_DELIVERY.c.state))
        .where(_DELIVERY.c.conversation_id == _CONVERSATION.c.id, *is_reply_on_its_way)
        .correlate(_CONVERSATION)
        .scalar_subquery()
    )


def _written(*words: str) -> list[ColumnElement[str]]:
    return [literal_column(f"'{word}'") for word in words]


def _read_labels(session: Session, conversation_ids: Sequence[int]) -> dict[int, tuple[LabelView, ...]]:
    if not conversation_ids:
        return {}
    labels: dict[int, tuple[LabelView, ...]] = {}
    for conversation_id, label_id, name in session.execute(_LABELS, {"ids": conversation_ids}):
        labels[conversation_id] = (*labels.get(conversation_id, ()), LabelView(label_id, name))
    return labels
