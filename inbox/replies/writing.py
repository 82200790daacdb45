"""The reply as the platform will get it, within what the channel and its parent allow (RULES D7)."""

from sqlalchemy.orm import Session

from inbox.channels.models import Channel, ChannelState
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message, Thread
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member
from inbox.platforms.items import Author
from inbox.platforms.outgoing import Outgoing
from inbox.replies import audience as audiences
from inbox.replies import rights
from inbox.replies.checks import is_window_closed
from inbox.replies.lengths import measure
from inbox.replies.models import Draft


def write_outgoing(session: Session, member: Member, conversation: Conversation, draft: Draft) -> Outgoing:
    """Make the reply as the platform will get it, within what the channel and the parent allow.

    Raises Invalid, Conflict or NotAllowed with what is in the way.
    """
    channel = session.get_one(Channel, conversation.channel_id)
    if channel.state == ChannelState.DISCONNECTED:
        raise Conflict("channel_disconnected", handle=channel.handle)
    parent = find_parent(session, conversation, draft.parent_message_id)
    mode = "private" if parent.audience in audiences.PRIVATE else draft.mode
    audience = audiences.choose(parent.audience, mode)
    rights.require(session, member.id, channel.id, conversation.is_private or audience in audiences.PRIVATE)
    contact = session.get_one(Contact, conversation.contact_id)
    text = draft.text
    if audience == "direct":
        text = audiences.break_mentions(text, (contact.handle, channel.handle))
    _check_limits(session, channel, conversation, contact, parent, mode, text)
    thread = session.get_one(Thread, conversation.thread_id)
    return Outgoing(
        text=text,
        parent_id=parent.external_id or "",
        parent_ref=dict(parent.platform_ref),
        audience=audience,
        mode=mode,
        thread_key=thread.external_key if thread.is_private else None,
        recipient=_author(contact),
    )


def find_parent(session: Session, conversation: Conversation, message_id: int | None) -> Message:
    """Return the person's message that is answered: the one named, else their newest.

    Raises NotFound for a message of another conversation, Conflict('parent_gone') for one that is gone.
    """
    parent = session.get(Message, message_id or conversation.last_inbound_message_id or 0)
    if parent is None or parent.conversation_id != conversation.id or parent.direction != "inbound":
        raise NotFound("parent_unknown")
    if parent.gone_at is not None or parent.external_id is None:
        raise Conflict("parent_gone")
    return parent


def _check_limits(
    session: Session,
    channel: Channel,
    conversation: Conversation,
    contact: Contact,
    parent: Message,
    mode: str,
    text: str,
) -> None:
    limits = channel.limits.get(mode)
    is_continuation = mode == "private" and parent.audience not in audiences.PRIVATE
    if limits is None or not limits.get("is_available", True):
        raise Invalid("mode_unavailable", mode=mode, reason=(limits or {}).get("reason"))
    if is_continuation and not channel.limits.get("can_continue_privately"):
        raise Invalid("mode_unavailable", mode=mode, reason="no_private_continuation")
    prefix = str(channel.limits.get("handle_prefix") or "")
    measured = measure(text, limits, prefix.replace("{handle}", contact.handle))
    if measured.code:
        raise Invalid(measured.code, length=measured.length, max=measured.max_length, max_bytes=measured.max_bytes)
    if is_window_closed(session, channel.limits, conversation, mode):
        raise Conflict("window_closed")


def _author(contact: Contact) -> Author:
    return Author(
        external_id=contact.external_id,
        scope=contact.scope,
        handle=contact.handle,
        display_name=contact.display_name,
        profile_url=contact.profile_url,
    )
