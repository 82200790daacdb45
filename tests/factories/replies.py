"""A comment that waits, a draft under it, and a reply in any state."""

import itertools
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.ordering import queue_at
from inbox.members.models import Member
from inbox.outbox.models import Attempt, Delivery
from inbox.platforms.outgoing import Limits, ModeLimits, Outgoing
from inbox.replies.drafts import open_draft
from inbox.replies.frozen import freeze
from inbox.replies.models import Draft
from tests.factories.basics import make_channel, make_contact, make_responder

_numbers = itertools.count(1)

LIMITS = Limits(
    public=ModeLimits(max_length=300),
    private=ModeLimits(max_length=1000, max_bytes=10000),
    can_like=True,
    can_delete_own=True,
    can_continue_privately=True,
)


@dataclass
class Scene:
    """A channel, somebody who may answer there, and a person whose comment waits."""

    channel: Channel
    member: Member
    thread: Thread
    contact: Contact
    conversation: Conversation
    message: Message

    @property
    def ids(self) -> tuple[int, int]:
        """The member's and the conversation's ids."""
        return self.member.id, self.conversation.id


def make_scene(session: Session, *, audience: str = "public", limits: Limits = LIMITS, **given: Any) -> Scene:
    """Add a channel, a responder, and a conversation with one awaiting message; `given` goes to the channel."""
    channel = make_channel(session, limits=asdict(limits), **given)
    return make_scene_on(session, channel, make_responder(session, channel), audience=audience)


def make_scene_on(session: Session, channel: Channel, member: Member, *, audience: str = "public") -> Scene:
    """Add one more conversation with an awaiting message to a channel."""
    is_private = audience in ("direct", "private")
    number = next(_numbers)
    thread = Thread(
        channel_id=channel.id,
        external_key=f"exchange-{number}" if is_private else f"root-{number}",
        kind="direct" if is_private else "comment",
        is_private=is_private,
        created_at=clock.now(),
    )
    session.add(thread)
    session.flush()
    contact = make_contact(session)
    conversation = make_conversation(session, thread, contact)
    message = make_inbound(session, conversation, "When does the shop open?", audience=audience)
    return Scene(channel, member, thread, contact, conversation, message)


def make_conversation(session: Session, thread: Thread, contact: Contact) -> Conversation:
    """Add a person's conversation in a thread."""
    now = clock.now()
    conversation = Conversation(
        thread_id=thread.id,
        contact_id=contact.id,
        channel_id=thread.channel_id,
        is_private=thread.is_private,
        kind=thread.kind,
        queue_at=queue_at(None, now),
        last_message_at=now,
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def make_inbound(
    session: Session, conversation: Conversation, text: str, *, audience: str = "public", **given: Any
) -> Message:
    """Add an awaiting message of the conversation's person, with the next seq, and keep the sums right."""
    thread = session.get_one(Thread, conversation.thread_id)
    now = clock.now()
    thread.last_seq += 1
    values: dict[str, Any] = {
        "thread_id": thread.id,
        "channel_id": thread.channel_id,
        "conversation_id": conversation.id,
        "contact_id": conversation.contact_id,
        "direction": "inbound",
        "kind": thread.kind,
        "audience": audience,
        "external_id": f"theirs-{next(_numbers)}",
        "text": text,
        "seq": thread.last_seq,
        "received_at": now,
        "clock_at": now,
        "awaits": True,
        "platform_ref": {"cid": "abc"},
    }
    message = Message(**values | given)
    session.add(message)
    session.flush()
    conversation.last_inbound_message_id = message.id
    conversation.last_inbound_seq = conversation.last_seq = message.seq or 0
    conversation.last_message_at = now
    conversation.waiting_since = conversation.waiting_since or now
    conversation.queue_at = queue_at(conversation.waiting_since, now)
    session.flush()
    return message


def make_draft(session: Session, scene: Scene, text: str = "We open at nine.", member: Member | None = None) -> Draft:
    """Add an open draft of the scene's member (or another's) with some text."""
    draft = open_draft(session, member or scene.member, scene.conversation)
    draft.text = text
    draft.seen_seq = scene.thread.last_seq
    session.flush()
    return draft


def make_delivery(session: Session, scene: Scene, state: str = "queued", **given: Any) -> Delivery:
    """Add a reply in any state with its draft, its message and, where it was sent, its attempts."""
    now = clock.now()
    draft = make_draft(session, scene)
    outgoing = Outgoing(
        draft.text, scene.message.external_id or "", {"cid": "abc"}, scene.message.audience, thread_key=None
    )
    message = _make_unsent(session, scene, draft.text)
    values: dict[str, Any] = {
        "kind": "reply",
        "reply_key": draft.reply_key,
        "channel_id": scene.channel.id,
        "conversation_id": scene.conversation.id,
        "message_id": message.id,
        "member_id": scene.member.id,
        "state": state,
        "due_at": now if state in ("held", "queued", "unclear") else None,
        "not_before_at": now,
        "seen_seq": scene.thread.last_seq,
        "outgoing": freeze(outgoing),
        "text_as_stored": draft.text,
        "parent_external_id": scene.message.external_id,
        "candidates": [],
        "created_at": now,
    }
    if state not in ("held", "queued", "cancelled"):
        values["attempt_count"] = 1
    if state == "sending":
        lease = now + timedelta(seconds=120)
        values |= {"claim_token": f"token-{next(_numbers)}", "lease_until_at": lease, "due_at": lease}
    if state == "unclear":
        values |= {"unclear_since_at": now}
    delivery = Delivery(**values | given)
    session.add(delivery)
    session.flush()
    draft.state, draft.delivery_id = "leaving", delivery.id
    for number in range(1, delivery.attempt_count + 1):
        make_attempt(session, delivery, number)
    session.flush()
    return delivery


def _make_unsent(session: Session, scene: Scene, text: str) -> Message:
    now = clock.now()
    message = Message(
        thread_id=scene.thread.id,
        channel_id=scene.channel.id,
        conversation_id=scene.conversation.id,
        member_id=scene.member.id,
        direction="outbound",
        kind=scene.thread.kind,
        audience=scene.message.audience,
        parent_external_id=scene.message.external_id,
        text=text,
        received_at=now,
        clock_at=now,
    )
    session.add(message)
    session.flush()
    return message


def make_attempt(session: Session, delivery: Delivery, number: int, **given: Any) -> Attempt:
    """Add one try of a delivery; without an outcome, for a running one, else unclear."""
    now = clock.now()
    values: dict[str, Any] = {
        "delivery_id": delivery.id,
        "number": number,
        "claim_token": delivery.claim_token or f"attempt-{next(_numbers)}",
        "started_at": now,
        "lease_until_at": now + timedelta(seconds=120),
        "outcome": None if delivery.state == "sending" else "unclear",
    }
    attempt = Attempt(**values | given)
    session.add(attempt)
    session.flush()
    return attempt
