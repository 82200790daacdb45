"""A private answer to a public comment: a new private thread that settles the comment (RULES D7)."""

from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.threads import find_or_make_conversation, find_or_make_thread
from inbox.outbox.models import Delivery
from inbox.platforms.outgoing import Outgoing, Sent


def place_continuation(
    session: Session, delivery: Delivery, outgoing: Outgoing, sent: Sent, thread_key: str | None
) -> tuple[Message, Thread]:
    """Make the reply's message in its private thread, which is found by the platform's key or made."""
    comment = session.get_one(Conversation, delivery.conversation_id)
    key = thread_key or sent.ref.get("thread_key") or f"continues:{sent.external_id or delivery.id}"
    thread = find_or_make_thread(
        session, channel_id=comment.channel_id, external_key=str(key), kind="direct", is_private=True
    )
    now = clock.now()
    conversation = find_or_make_conversation(session, thread, comment.contact_id, at=now)
    message = Message(
        thread_id=thread.id,
        channel_id=comment.channel_id,
        conversation_id=conversation.id,
        member_id=delivery.member_id,
        direction="outbound",
        kind="direct",
        audience=outgoing.audience,
        parent_external_id=outgoing.parent_id,
        text=outgoing.text,
        platform_ref={},
        marks=[],
        mentions=[],
        received_at=now,
        clock_at=now,
    )
    session.add(message)
    session.flush()
    return message, thread
