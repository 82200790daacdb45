"""Sorts a page's items: what may be kept, in which order, and what belongs in quarantine; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from inbox.intake import borders
from inbox.intake.borders import Unacceptable
from inbox.platforms.items import Edited, GoneItem, Item, Message, PostSeen, Unreadable
from inbox.platforms.shallow import SLIPS

# Tuples, not sets: what a connector made of odd data may be anything.
_PUBLIC_KINDS = ("comment", "mention", "review")
_PUBLIC_AUDIENCES = ("public", "unlisted", "followers")


@dataclass(frozen=True)
class Reject:
    """An item that goes into quarantine."""

    raw: bytes
    code: str
    detail: str = ""
    is_private: bool = True


@dataclass
class Sorted:
    """A page's items by what is done with them.

    `messages`: one a message id, in the page's order; `later`: other wordings of the same ids, which
    follow as edits.
    """

    messages: dict[str, Message] = field(default_factory=dict)
    later: list[Message] = field(default_factory=list)
    posts: dict[str, PostSeen] = field(default_factory=dict)
    gone: dict[str, GoneItem] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def sort_items(items: Iterable[Item]) -> Sorted:
    """Clean and sort items; one that can't be kept never stops the others."""
    found = Sorted()
    for item in items:
        try:
            _sort(found, item)
        except Unacceptable as error:
            found.rejects.append(rejected(item, error.code, error.detail))
        except SLIPS as error:
            # a connector's slip in one item must not lose the page
            found.rejects.append(rejected(item, "item_malformed", type(error).__name__))
    return found


def _sort(found: Sorted, item: Item) -> None:
    match item:
        case Edited(message) | (Message() as message):
            _sort_message(found, borders.clean_message(message))
        case PostSeen():
            post = borders.clean_post(item)
            found.posts[post.external_id] = post
        case GoneItem():
            gone = borders.clean_gone(item)
            found.gone[gone.external_id] = gone
        case Unreadable(raw, reason):
            found.rejects.append(Reject(raw, "item_unreadable", reason))


def _sort_message(found: Sorted, message: Message) -> None:
    first = found.messages.setdefault(message.external_id, message)
    if first is not message and (first.version, first.text) != (message.version, message.text):
        found.later.append(message)


def rejected(item: Item, code: str, detail: str) -> Reject:
    """Return an item as it goes into quarantine."""
    inner = item.message if isinstance(item, Edited) else item
    raw = inner.raw if isinstance(inner, Unreadable) else borders.raw_bytes(inner)
    return Reject(raw, code, detail, is_private=not _is_known_public(inner))


def _is_known_public(item: Item) -> bool:
    """Tell whether an item is a message that was read and that everybody may see.

    All else may be private: bytes that could not be read, deletions, and posts, whose audience nobody told.
    """
    return isinstance(item, Message) and item.kind in _PUBLIC_KINDS and item.audience in _PUBLIC_AUDIENCES
