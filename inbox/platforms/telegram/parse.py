"""Updates as items: who says what to whom, in which thread, what is skipped knowingly; pure (telegram.md §4, §5)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.items import Author, Edited, GoneItem, Item, Message, PostSeen, Unreadable
from inbox.platforms.shallow import SLIPS
from inbox.platforms.telegram.content import Content, is_service, read_content
from inbox.platforms.telegram.entities import mentions_bot
from inbox.platforms.telegram.values import Json, chat_id, key_of, text, thing, things, time, whole

# What getUpdates and the webhook are asked for; what is not listed is lost, so nothing is that says something.
WANTED = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "my_chat_member",
)
# What else there is: nobody says anything by it, or only if a bot that it is not asks for it.
# fmt: off
_SILENT = frozenset({
    "business_connection", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
    "removed_chat_boost", "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer",
    "managed_bot", "guest_message", "subscription",
})
# fmt: on
_MESSAGES = frozenset({"message", "edited_message", "business_message", "edited_business_message"})


class Unfit(ValueError):
    """An update that is not built as it is documented; the text says how."""


def _nobody(_chat: int) -> int | None:
    return None


@dataclass(frozen=True)
class Us:
    """The bot, and how to find out which channel a group is the discussion of."""

    bot_id: str
    username: str = ""
    linked_channel: Callable[[int], int | None] = _nobody


def parse_update(update: Any, us: Us) -> list[Item]:
    """Return what an update says; one that can't be read is Unreadable, whole."""
    try:
        return list(_parse(update, us))
    except SLIPS as error:
        reason = str(error) if isinstance(error, Unfit) else f"our reading failed: {type(error).__name__}"
        return [Unreadable(as_bytes(update), reason)]


def as_bytes(value: Any) -> bytes:
    """Return a value as the JSON that quarantine keeps."""
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def _parse(update: Any, us: Us) -> Sequence[Item]:
    if not isinstance(update, dict) or whole(update, "update_id") is None:
        raise Unfit("an update without a number")
    kinds = [name for name, value in update.items() if name != "update_id" and isinstance(value, dict)]
    if len(kinds) != 1:
        kinds = [name for name in kinds if name in WANTED][:1]
    if not kinds:
        raise Unfit("an update that says nothing")
    kind, inner = kinds[0], update[kinds[0]]
    if kind in _MESSAGES:
        return _said(update, inner, us, is_edit=kind.startswith("edited_"))
    if kind in ("channel_post", "edited_channel_post"):
        return [] if is_service(inner) else [_post(inner)]
    if kind == "deleted_business_messages":
        return _deleted(inner)
    if kind in _SILENT:
        return []
    raise Unfit(f"an update of a kind that is not known: {kind[:60]}")


def _deleted(deleted: Json) -> list[Item]:
    """The only deletions that are ever told (telegram.md §4); whether the person or the business did it is not."""
    business, chat = text(deleted, "business_connection_id"), chat_id(deleted)
    numbers = [one for one in things(deleted, "message_ids") if isinstance(one, int)]
    if not business or chat is None:
        raise Unfit("a deletion without its chat")
    return [GoneItem(key_of(chat, number, business)) for number in numbers]


def _said(update: Json, message: Json, us: Us, *, is_edit: bool) -> list[Item]:
    if chat_id(message) is None or whole(message, "message_id") is None:
        raise Unfit("a message without its chat or number")
    if is_service(message):
        return []
    if message.get("is_automatic_forward") is True:
        return [_post(message)]
    above = thing(message, "reply_to_message")
    posts: list[Item] = [_post(above)] if above.get("is_automatic_forward") is True and not is_edit else []
    found = _message(update, message, us)
    return [*posts, Edited(found) if is_edit else found]


def _post(message: Json) -> PostSeen:
    """Return a channel's post: in the channel, or as its discussion group shows it, where comments hang on it."""
    content = read_content(message) or Content("")
    chat = thing(message, "sender_chat") or thing(message, "chat")
    return PostSeen(
        external_id=_key(message),
        text=content.text,
        author=Author(str(whole(chat, "id")), handle=text(chat, "username"), display_name=text(chat, "title")),
        is_ours=True,
        permalink=permalink(message),
        authored_at=time(message, "date"),
        pictures=content.pictures,
        has_stream=False,
    )


def _message(update: Json, message: Json, us: Us) -> Message:
    content = read_content(message)
    if content is None:
        raise Unfit("a message of a kind that is not known")
    place = _place(message, us)
    is_answer_to_us = place.parent_author_id == us.bot_id and place.post_id is None
    mentions_us = mentions_bot(content.text, content.entities, us.bot_id, us.username)
    kind = "direct" if place.is_private else "mention" if mentions_us or is_answer_to_us else "comment"
    author = author_of(message, us)
    sent_at = time(message, "date")
    return Message(
        external_id=_key(message),
        author=author,
        kind=kind,
        audience="private" if place.is_private else "public",
        text=content.text,
        parent_id=place.parent_id,
        parent_author_id=place.parent_author_id,
        root_id=place.root_id,
        thread_key=place.thread_key,
        post_id=place.post_id,
        authored_at=sent_at,
        arrived_at=sent_at,  # Telegram's own server writes it
        edited_at=time(message, "edit_date"),
        marks=content.marks,
        mentions=[mark.external_id for mark in content.marks if mark.kind == "mention" and mark.external_id],
        mentions_us=mentions_us,
        pictures=content.pictures,
        permalink=permalink(message),
        is_automatic=_is_automatic(message, us),
        is_sticker=content.is_sticker,
        ref=ref_of(message),
        raw=update,
        members=[str(chat_id(message))] if place.is_private and author.external_id == us.bot_id else [],
    )


@dataclass(frozen=True)
class _Place:
    """Where a message hangs."""

    is_private: bool = False
    parent_id: str | None = None
    parent_author_id: str | None = None
    root_id: str | None = None
    thread_key: str | None = None
    post_id: str | None = None


def _place(message: Json, us: Us) -> _Place:
    chat, topic = chat_id(message), whole(message, "message_thread_id")
    above = _above(message)
    parent_id = _key(above) if above else None
    parent_author = author_of(above, us).external_id if above else None
    if exchange := exchange_of(message):
        return _Place(True, parent_id, parent_author, thread_key=exchange)
    if above and above.get("is_automatic_forward") is True:
        return _Place(parent_id=parent_id, parent_author_id=us.bot_id, post_id=parent_id)
    if topic is not None and message.get("is_topic_message") is True:
        return _Place(False, parent_id, parent_author, thread_key=f"{chat}:topic:{topic}")
    album = text(message, "media_group_id")
    if album and not above:  # its pictures come as messages of their own, which belong together
        return _Place(thread_key=f"{chat}:album:{album}")
    root_id = key_of(chat, topic) if topic is not None and topic != whole(message, "message_id") else None
    return _Place(False, parent_id, parent_author, root_id=root_id)


def exchange_of(message: Json) -> str | None:
    """Return the key of the private exchange that a message belongs to; None: it stands in a group."""
    chat = thing(message, "chat")
    if business := text(message, "business_connection_id"):
        return f"business:{business}:{whole(chat, 'id')}"
    if text(chat, "type") == "private":
        return f"chat:{whole(chat, 'id')}"
    if chat.get("is_direct_messages") is True:  # people's private messages to a channel, one topic each
        return f"channel:{whole(chat, 'id')}:{whole(thing(message, 'direct_messages_topic'), 'topic_id')}"
    return None


def _above(message: Json) -> Json:
    """Return what a message answers. A forum topic's header is shown as answered by whoever answers nobody (§5)."""
    above = thing(message, "reply_to_message")
    is_header = thing(above, "forum_topic_created") or whole(above, "message_id") == whole(message, "message_thread_id")
    if is_header and message.get("is_topic_message") is True:
        return {}
    if chat_id(above) != chat_id(message) or whole(above, "message_id") is None:
        return {}
    return above


def author_of(message: Json, us: Us) -> Author:
    """Return who wrote a message; whoever speaks for the business, the group or its channel is us."""
    sender, chat, behind = thing(message, "from"), thing(message, "chat"), thing(message, "sender_chat")
    if text(message, "business_connection_id") and whole(sender, "id") != whole(chat, "id"):
        return _as_us(sender, us)
    if behind and _speaks_for_us(behind, chat, message, us):
        return _as_us(behind, us)
    who = behind or sender or chat
    number = whole(who, "id")
    if number is None:
        raise Unfit("a message that nobody wrote")
    username = text(who, "username")
    return Author(
        str(number),
        handle=username,
        display_name=_name(who),
        profile_url=f"https://t.me/{username}" if username else None,
    )


def _speaks_for_us(behind: Json, chat: Json, message: Json, us: Us) -> bool:
    """Tell whether a message is by an anonymous admin, or by the channel that the group discusses."""
    if message.get("is_automatic_forward") is True or whole(behind, "id") == whole(chat, "id"):
        return True
    group = whole(chat, "id")
    if text(behind, "type") != "channel" or group is None:
        return False
    return us.linked_channel(group) == whole(behind, "id")


def _as_us(who: Json, us: Us) -> Author:
    return Author(us.bot_id, handle=us.username, display_name=_name(who))


def _name(who: Json) -> str:
    return " ".join(filter(None, (text(who, "first_name"), text(who, "last_name")))) or text(who, "title")


def _is_automatic(message: Json, us: Us) -> bool:
    """Tell a business's greeting, and what another bot of it says, from its people's answers."""
    bot = whole(thing(message, "sender_business_bot"), "id")
    return message.get("is_from_offline") is True or (bot is not None and str(bot) != us.bot_id)


def _key(message: Json) -> str:
    return key_of(chat_id(message), whole(message, "message_id"), text(message, "business_connection_id"))


def ref_of(message: Json) -> dict[str, Any]:
    """Return what answering, liking and deleting a message need."""
    topic = whole(message, "message_thread_id") if message.get("is_topic_message") is True else None
    found = {
        "chat": chat_id(message),
        "id": whole(message, "message_id"),
        "topic": topic,
        "business": text(message, "business_connection_id") or None,
        "channel_topic": whole(thing(message, "direct_messages_topic"), "topic_id"),
        "is_private": exchange_of(message) is not None or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def permalink(message: Json) -> str | None:
    """Return a message's address; only messages of supergroups and channels have one."""
    chat, number = thing(message, "chat"), whole(message, "message_id")
    if text(chat, "type") not in ("supergroup", "channel") or chat.get("is_direct_messages") is True:
        return None
    if username := text(chat, "username"):
        return f"https://t.me/{username}/{number}"
    inner = str(whole(chat, "id"))
    return f"https://t.me/c/{inner.removeprefix('-100')}/{number}" if inner.startswith("-100") else None
