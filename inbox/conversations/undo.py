"""Undo: the recorded inverse of a verb, unless somebody changed the same thing since (RULES D9)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.access import access_conversation
from inbox.conversations.assign import check_assignee
from inbox.conversations.changes import FIELDS, change, decode, encode
from inbox.conversations.labels import put_on, take_off
from inbox.conversations.models import Conversation, ConversationLabel, Message, Note, Settled
from inbox.conversations.settling import SETTLING, bring_back, excuse, settling_of
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import refresh
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.members import access


def undo(session: Session, member_id: int, activity_id: int) -> Activity:
    """Undo one's own activity and return the activity that says so.

    Raises NotFound, NotAllowed('not_yours'), Invalid('not_undoable'), Conflict('already_undone') or
    Conflict('changed_since').
    """
    activity = session.get(Activity, activity_id)
    if activity is None or activity.conversation_id is None:
        raise NotFound("activity")
    seen = access_conversation(session, member_id, activity.conversation_id, "triage")
    if activity.member_id != member_id:
        raise NotAllowed("not_yours")
    if activity.kind not in _INVERSES:
        raise Invalid("not_undoable", kind=activity.kind)
    assignee_id = (activity.before or {}).get("assignee_id")
    if assignee_id is not None:
        access.rely_on(session, assignee_id)
    conversation = lock_conversation(session, seen.id)
    session.refresh(activity, with_for_update=True)
    if activity.undone_by_id is not None:
        raise Conflict("already_undone")
    return _undo(session, conversation, activity, member_id)


def _undo(session: Session, conversation: Conversation, activity: Activity, member_id: int) -> Activity:
    before, after = activity.before or {}, activity.after or {}
    fields = [name for name in FIELDS if name in before and name in after]
    if any(encode(getattr(conversation, name)) != after[name] for name in fields):
        raise Conflict("changed_since")
    _INVERSES[activity.kind](session, conversation, activity)
    refresh(session, conversation)
    values = {name: decode(name, before[name]) for name in fields}
    if values.get("assignee_id") is not None:
        check_assignee(session, conversation, values["assignee_id"])
    undone = {"activity_id": activity.id, "kind": activity.kind}
    done = change(session, conversation, kinds.UNDONE, member_id, values, message_id=activity.message_id, after=undone)
    activity.undone_by_id = done.id
    session.flush()
    return done


def _nothing_more(session: Session, conversation: Conversation, activity: Activity) -> None:
    """Undo nothing beside the fields themselves."""


def _let_wait_again(session: Session, conversation: Conversation, activity: Activity) -> None:
    """Let what was excused with it wait again; refuses when one of them was settled anew since."""
    messages = _messages(session, (activity.after or {}).get("excused", []))
    if any(message.settled != Settled.EXCUSED for message in messages if message.settled != Settled.WITHDRAWN):
        raise Conflict("changed_since")
    bring_back(message for message in messages if message.gone_at is None)


def _put_back_settling(session: Session, conversation: Conversation, activity: Activity) -> None:
    """Put one message's waiting, or not, back as it was; a conversation-wide excuse lets all of its messages wait."""
    before, after = (activity.before or {}).get("message"), (activity.after or {}).get("message")
    if before is None or after is None:
        _let_wait_again(session, conversation, activity)
        return
    message = _messages(session, [activity.message_id])[0]
    if settling_of(message) != after:
        raise Conflict("changed_since")
    for name in SETTLING:
        setattr(message, name, decode(name, before[name]))


def _excuse_as_spam_again(session: Session, conversation: Conversation, activity: Activity) -> None:
    for message in _messages(session, (activity.after or {}).get("brought_back", [])):
        if message.awaits:
            excuse(message, activity.member_id, "spam")


def _take_label_off(session: Session, conversation: Conversation, activity: Activity) -> None:
    if not take_off(session, conversation, _named(activity, "label_id")):
        raise Conflict("changed_since")


def _put_label_on(session: Session, conversation: Conversation, activity: Activity) -> None:
    label_id = _named(activity, "label_id")
    if session.get(ConversationLabel, (conversation.id, label_id)) is not None:
        raise Conflict("changed_since")
    put_on(session, conversation, label_id)


def _delete_note(session: Session, conversation: Conversation, activity: Activity) -> None:
    note = session.get_one(Note, _named(activity, "note_id"), populate_existing=True)
    if note.deleted_at is not None:
        raise Conflict("changed_since")
    note.deleted_at = activity.at


def _restore_note(session: Session, conversation: Conversation, activity: Activity) -> None:
    note = session.get_one(Note, _named(activity, "note_id"), populate_existing=True)
    note.deleted_at = None


def _named(activity: Activity, name: str) -> int:
    return int((activity.after or {})[name])


def _messages(session: Session, ids: list[Any]) -> list[Message]:
    found = select(Message).where(Message.id.in_(ids)).order_by(Message.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


_INVERSES: dict[str, Callable[[Session, Conversation, Activity], None]] = {
    kinds.ASSIGNED: _nothing_more,
    kinds.TEAM_CHANGED: _nothing_more,
    kinds.PRIORITY_CHANGED: _nothing_more,
    kinds.SNOOZED: _nothing_more,
    kinds.WOKEN: _nothing_more,
    kinds.FINISHED: _let_wait_again,
    kinds.MARKED_SPAM: _let_wait_again,
    kinds.REOPENED: _excuse_as_spam_again,
    kinds.MESSAGE_EXCUSED: _put_back_settling,
    kinds.MESSAGE_AWAITS: _put_back_settling,
    kinds.LABELLED: _take_label_off,
    kinds.UNLABELLED: _put_label_on,
    kinds.NOTE_WRITTEN: _delete_note,
    kinds.NOTE_DELETED: _restore_note,
}
