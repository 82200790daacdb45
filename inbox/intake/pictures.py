"""What is attached to a message or a post, as rows of media; the files are fetched when first looked at."""

from collections.abc import Sequence
from typing import Any

from inbox.platforms.items import Message, Picture


def pictures_of(message: Message) -> Sequence[Picture]:
    """Return a message's attachments; a sticker is one of kind sticker, also where the platform sends no picture."""
    if not message.is_sticker or any(picture.kind == "sticker" for picture in message.pictures):
        return message.pictures
    if not message.pictures:
        return (Picture(url=None, kind="sticker"),)
    first = message.pictures[0]
    sticker = Picture(first.url, first.preview_url, first.alt, "sticker", first.width, first.height)
    return (sticker, *message.pictures[1:])


def picture_rows(
    pictures: Sequence[Picture],
    *,
    channel_id: int,
    message_id: int | None = None,
    post_id: int | None = None,
    is_private: bool = False,
) -> list[dict[str, Any]]:
    """Return the rows of a message's or a post's attachments, in their order."""
    return [
        {
            "channel_id": channel_id,
            "message_id": message_id,
            "post_id": post_id,
            "contact_id": None,
            "is_private": is_private,
            "position": position,
            "kind": picture.kind,
            "url": picture.url,
            "preview_url": picture.preview_url,
            "alt": picture.alt,
            "width": picture.width,
            "height": picture.height,
        }
        for position, picture in enumerate(pictures)
    ]
