"""Collects from the rows what a judgement needs, and writes it down (RULES A2, A3)."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.awaits import Facts, Parent, Reason, Verdict, judge
from inbox.conversations.models import Answer, Message
from inbox.media.models import Media

# Decided by a member, by an edit or by the import's span: no later judgement overrides these.
_FIXED = frozenset({Reason.BY_HAND, Reason.EDITED_AFTER_ANSWER, Reason.BEFORE_IMPORT})


def judge_message(session: Session, message: Message, *, is_before_import: bool = False) -> Verdict:
    """Judge a message that was not settled and write the verdict on it; the caller refreshes."""
    if message.awaits_reason in _FIXED or message.settled is not None:
        return Verdict(message.awaits, Reason(message.awaits_reason or Reason.WORDS))
    verdict = judge(gather_facts(session, message, is_before_import=is_before_import))
    message.awaits, message.awaits_reason = verdict.awaits, verdict.reason.value
    if message.gone_at is not None:
        message.awaits = False
    return verdict


def gather_facts(session: Session, message: Message, *, is_before_import: bool = False) -> Facts:
    """Collect what `awaits.judge` needs from the rows."""
    session.flush()
    channel = session.get_one(Channel, message.channel_id)
    attached = set(session.scalars(select(Media.kind).where(Media.message_id == message.id)))
    return Facts(
        text=message.text,
        is_outbound=message.direction != "inbound",
        is_sticker=message.is_sticker or "sticker" in attached,
        has_pictures=bool(attached - {"sticker"}),
        mentions_us=message.mentions_us,
        parent=_whose_parent(session, message),
        is_after_our_answer=_is_after_our_answer(session, message),
        is_before_import=is_before_import,
        awaits_replies_to_others=channel.preferences.get("awaits_replies_to_others") is True,
        mention_spans=[(mark["start"], mark["end"]) for mark in message.marks if mark.get("kind") == "mention"],
    )


def find_parent(session: Session, message: Message) -> Message | None:
    """Return the message that this one answers, as far as it is known."""
    if message.parent_external_id is None:
        return None
    return session.scalar(
        select(Message).where(
            Message.channel_id == message.channel_id, Message.external_id == message.parent_external_id
        )
    )


def _whose_parent(session: Session, message: Message) -> Parent:
    if message.parent_external_id is None:
        return Parent.NONE
    parent = find_parent(session, message)
    if parent is None:
        return _whose_by_author(session, message)
    if parent.direction == "outbound":
        return Parent.OURS
    return Parent.SAME if parent.contact_id == message.contact_id else Parent.OTHER


def _whose_by_author(session: Session, message: Message) -> Parent:
    """Tell from the author's id alone, which platforms often give before the parent itself was seen."""
    author_id = message.parent_author_external_id
    if author_id is None:
        return Parent.UNKNOWN
    if message.contact is not None and message.contact.external_id == author_id:
        return Parent.SAME
    channel = session.get_one(Channel, message.channel_id)
    ours = exists().where(Channel.platform == channel.platform, Channel.external_id == author_id)
    return Parent.OURS if session.scalar(select(ours)) else Parent.OTHER


def _is_after_our_answer(session: Session, message: Message) -> bool:
    before = (
        exists()
        .where(Answer.conversation_id == message.conversation_id, Message.id == Answer.reply_message_id)
        .where(Message.clock_at <= message.clock_at, Message.gone_at.is_(None))
    )
    return bool(session.scalar(select(before)))
