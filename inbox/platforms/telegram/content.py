"""What a message says, in words that need no language: its text, what is attached, a place, a contact, a poll; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.items import Mark, Picture
from inbox.platforms.telegram.entities import read_marks
from inbox.platforms.telegram.values import Json, text, thing, things, whole

# What happens to a chat rather than is said in it: known, and no message to anybody (spec: "Service message").
# fmt: off
SERVICE = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left",
    "chat_shared", "checklist_tasks_added", "checklist_tasks_done", "community_chat_added",
    "community_chat_removed", "connected_website", "delete_chat_photo", "direct_message_price_changed",
    "forum_topic_closed", "forum_topic_created", "forum_topic_edited", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent",
    "giveaway_completed", "giveaway_created", "group_chat_created", "left_chat_member", "managed_bot_created",
    "message_auto_delete_timer_changed", "migrate_from_chat_id", "migrate_to_chat_id", "new_chat_members",
    "new_chat_participant", "new_chat_photo", "new_chat_title", "paid_message_price_changed", "passport_data",
    "pinned_message", "poll_option_added", "poll_option_deleted", "proximity_alert_triggered",
    "refunded_payment", "successful_payment", "suggested_post_approval_failed", "suggested_post_approved",
    "suggested_post_declined", "suggested_post_paid", "suggested_post_refunded", "supergroup_chat_created",
    "unique_gift", "users_shared", "user_shared", "video_chat_ended", "video_chat_participants_invited",
    "video_chat_scheduled", "video_chat_started", "voice_chat_ended", "voice_chat_participants_invited",
    "voice_chat_scheduled", "voice_chat_started", "web_app_data", "write_access_allowed",
})
# fmt: on
_MAP = "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=16/{0}/{1}"
_FILES = {
    "animation": "video",
    "audio": "audio",
    "document": "file",
    "live_photo": "image",
    "video": "video",
    "video_note": "video",
    "voice": "audio",
}


@dataclass(frozen=True)
class Content:
    """What a message says and shows."""

    text: str
    marks: tuple[Mark, ...] = ()
    pictures: tuple[Picture, ...] = ()
    is_sticker: bool = False
    entities: Sequence[Any] = ()


def is_service(message: Json) -> bool:
    """Tell whether nobody says anything by it."""
    return any(name in SERVICE and message[name] is not None for name in message)


def read_content(message: Json) -> Content | None:
    """Return what a message says; None: of a kind that is not known here."""
    written, entities = text(message, "text"), things(message, "entities")
    if not written:
        written, entities = text(message, "caption"), things(message, "caption_entities")
    pictures = _attached(message)
    if written or pictures:
        sticker = thing(message, "sticker")
        words = written or text(sticker, "emoji")
        return Content(words, read_marks(written, entities), pictures, bool(sticker), entities)
    return _other(message)


def _attached(message: Json) -> tuple[Picture, ...]:
    """Return what hangs on a message. Files have no address that could be kept: it would hold the bot's token (§5)."""
    found = [_file(thing(message, name), kind) for name, kind in _FILES.items() if thing(message, name)]
    if thing(message, "animation"):  # comes as a document too
        found = found[:1]
    if sizes := [size for size in things(message, "photo") if isinstance(size, dict)]:
        largest = max(sizes, key=lambda size: (whole(size, "width") or 0) * (whole(size, "height") or 0))
        found.append(_file(largest, "image"))
    if thing(message, "sticker"):
        found.append(_file(thing(message, "sticker"), "sticker"))
    for one in things(thing(message, "paid_media"), "paid_media"):
        found.append(
            _file(thing(one, "video") or thing(one, "photo"), "video" if text(one, "type") == "video" else "image")
        )
    if thing(message, "story"):
        found.append(Picture(None, kind="video", alt="story"))
    return tuple(found)


def _file(file: Json, kind: str) -> Picture:
    parts = [text(file, "file_name"), " – ".join(filter(None, (text(file, "performer"), text(file, "title"))))]
    if kind == "sticker":
        parts = [text(file, "emoji"), text(file, "set_name")]
    seconds = whole(file, "duration")
    if seconds is not None:
        parts.append(f"{seconds // 60}:{seconds % 60:02d}")
    words = " · ".join(part for part in parts if part)
    return Picture(None, alt=words, kind=kind, width=whole(file, "width"), height=whole(file, "height"))


def _other(message: Json) -> Content | None:
    """Return what is said by neither words nor files."""
    if venue := thing(message, "venue"):
        named = ", ".join(filter(None, (text(venue, "title"), text(venue, "address"))))
        return _place(thing(venue, "location"), named)
    if location := thing(message, "location"):
        return _place(location, "")
    if contact := thing(message, "contact"):
        name = " ".join(filter(None, (text(contact, "first_name"), text(contact, "last_name"))))
        return Content("👤 " + ", ".join(filter(None, (name, text(contact, "phone_number")))))
    if poll := thing(message, "poll"):
        options = [f"– {text(one, 'text')}" for one in things(poll, "options")]
        return Content("\n".join([f"📊 {text(poll, 'question')}", *options]))
    if listed := thing(message, "checklist"):
        tasks = [f"– {text(one, 'text')}" for one in things(listed, "tasks")]
        return Content("\n".join([f"☑ {text(listed, 'title')}", *tasks]))
    if dice := thing(message, "dice"):
        return Content(f"{text(dice, 'emoji') or '🎲'} {whole(dice, 'value') or ''}".rstrip())
    if game := thing(message, "game"):
        return Content("\n".join(filter(None, (f"🎮 {text(game, 'title')}", text(game, "description")))))
    if invoice := thing(message, "invoice"):
        return Content("\n".join(filter(None, (f"🧾 {text(invoice, 'title')}", text(invoice, "description")))))
    if thing(message, "giveaway") or thing(message, "giveaway_winners"):
        return Content("🎁")
    if rich := thing(message, "rich_message"):
        return Content("\n".join(_words_in(rich, 0)))
    return None


def _place(location: Json, name: str) -> Content | None:
    north, east = location.get("latitude"), location.get("longitude")
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return None
    words = name or f"{north:.5f}, {east:.5f}"
    mark = Mark("link", 2, 2 + len(words), url=_MAP.format(round(north, 5), round(east, 5)))
    return Content(f"📍 {words}", (mark,))


def _words_in(value: Any, depth: int) -> list[str]:
    """Return the texts of a rich message in their order; how it was laid out is left out."""
    if depth > 20:
        return []
    if isinstance(value, list):
        return [words for one in value for words in _words_in(one, depth + 1)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + [
        words for name, one in value.items() if name != "text" or not own for words in _words_in(one, depth + 1)
    ]
