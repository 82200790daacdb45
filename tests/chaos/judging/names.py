"""How an item of the ledger is called in the product's tables: ids of messages, posts and people, and their texts.

This is the judge's own reading of platforms' ids. On the feed an id is used as it is. On pages a comment and a
visitor's post are known by what follows the last `_` of their id, since both forms occur; a post keeps the whole,
and a private message's id is whole. A page hides some people's faces: then each of their comments is somebody
unknown, named after the comment, and the ledger does not tell which, so that either is right.
"""

import re

from tests.chaos.judging.ledger import Item

PLATFORMS = {"feed": "sandbox_feed", "pages": "sandbox_pages"}
PERSONALITIES = {platform: personality for personality, platform in PLATFORMS.items()}
UNKNOWN = "unknown:"
_HANDLE = re.compile(r"(?<![\w/@])@([A-Za-z0-9_](?:[\w.\-]*\w)?)@[\w.\-]*\w")


def short(item_id: str) -> str:
    """Return what follows the last `_`."""
    return item_id.rsplit("_", 1)[-1]


def message_id(item: Item) -> str:
    """Return the id by which the channel knows it as a message."""
    is_whole = item.personality == "feed" or item.kind == "direct"
    return item.id if is_whole else short(item.id)


def is_message(item: Item) -> bool:
    """Tell whether it is to be a message: all but a post of ours."""
    return not is_our_post(item)


def is_our_post(item: Item) -> bool:
    """Tell whether it is a post of ours: on the feed a status of ours that answers nobody and is not private."""
    if item.kind == "status":
        return item.is_ours and item.parent_id is None and item.audience != "direct"
    return item.kind == "post"


def is_private(item: Item) -> bool:
    """Tell whether it is for those only who may see private messages."""
    return item.kind == "direct" or item.audience == "direct"


def person_ids(item: Item) -> set[str]:
    """Return the ids by which its author may be known."""
    return {item.author_id} | ({f"{UNKNOWN}{item.id}"} if item.personality == "pages" else set())


def plain(text: str) -> str:
    """Return a text as both sides word it: handles without their host, no more than one empty line together.

    The feed shows `@name@host` as `@name`, and paragraphs instead of empty lines; NUL and lone surrogates, which no
    database keeps, are replaced by U+FFFD.
    """
    text = "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)
    return re.sub(r"\n{2,}", "\n\n", _HANDLE.sub(r"@\1", text)).strip("\n")


def folded(text: str) -> str:
    """Return a text of ours as it is compared: platforms trim and fold what is sent to them."""
    return " ".join(plain(text).split())
