"""From the chat service's JSON to private messages (chat.bsky.convo.defs); pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inbox.platforms.bluesky.embeds import post_url, read_embed
from inbox.platforms.bluesky.facets import read_marks
from inbox.platforms.bluesky.parse import Unusable, make_author, readable
from inbox.platforms.bluesky.values import Json, kind, text, thing, things, time
from inbox.platforms.items import Author, GoneItem, Item, Mark, Message

PREFIX = "chat:"


@dataclass(frozen=True)
class Convo:
    """An exchange: its id, its members' profiles by DID, its version, and whether it is a stranger's request."""

    id: str
    profiles: Mapping[str, Author]
    rev: str = ""
    is_request: bool = False
    lock_status: str = "unlocked"
    is_group: bool = False

    @property
    def key(self) -> str:
        """The thread's key."""
        return f"{PREFIX}{self.id}"


def parse_convo(view: Any) -> Convo | None:
    """Read a conversation's view, None without an id."""
    if not text(view, "id"):
        return None
    group = thing(view, "kind")
    return Convo(
        id=text(view, "id"),
        profiles=parse_profiles(things(view, "members")),
        rev=text(view, "rev"),
        is_request=text(view, "status") == "request",
        lock_status=text(group, "lockStatus") or "unlocked",
        is_group=kind(group) == "groupConvo",
    )


def parse_profiles(rows: list[Any]) -> dict[str, Author]:
    """Read profiles by DID; those without a DID are left out."""
    found = {}
    for row in rows:
        if text(row, "did").startswith("did:"):
            found[text(row, "did")] = make_author(row, f"at://{text(row, 'did')}/")
    return found


def message_id(convo_id: str, id_: str) -> str:
    """Return our id of a private message, unique within the channel."""
    return f"{PREFIX}{convo_id}:{id_}"


def parse_chat(view: Any, convo: Convo, us: str) -> Item | None:
    """Parse one entry of an exchange; None for what the service itself says (a member joined, …)."""

    def parse() -> Item | None:
        if kind(view) == "systemMessageView":
            return None
        if not text(view, "id"):
            raise Unusable("id_missing")
        if kind(view) == "deletedMessageView":
            return GoneItem(message_id(convo.id, text(view, "id")), at=None, is_by_author=True)
        return make_chat_message(view, convo, us)

    return readable(parse, {"convoId": convo.id, "message": view})


def make_chat_message(view: Json, convo: Convo, us: str) -> Message:
    """Return a private message; raises Unusable."""
    id_, sender = text(view, "id"), text(thing(view, "sender"), "did")
    if not isinstance(view.get("text"), str):
        raise Unusable("text_missing")
    if not id_ or not sender.startswith("did:"):
        raise Unusable("author_missing")
    written, marks = _written(view)
    sent_at = time(view, "sentAt")
    answered = text(thing(view, "replyTo"), "id")
    return Message(
        external_id=message_id(convo.id, id_),
        author=convo.profiles.get(sender) or make_author({}, f"at://{sender}/"),
        kind="direct",
        audience="private",
        text=written,
        parent_id=message_id(convo.id, answered) if answered else None,
        parent_author_id=text(thing(thing(view, "replyTo"), "sender"), "did") or None,
        thread_key=convo.key,
        authored_at=sent_at,
        arrived_at=sent_at,
        marks=marks,
        mentions=tuple(dict.fromkeys(mark.external_id for mark in marks if mark.external_id)),
        mentions_us=any(mark.external_id == us for mark in marks),
        ref={"convo": convo.id, "id": id_, "is_request": convo.is_request, "people": {}},
        raw=view,
        members=tuple(did for did in convo.profiles if did != us),
    )


def _written(view: Json) -> tuple[str, tuple[Mark, ...]]:
    written = text(view, "text")
    marks = read_marks(written, things(view, "facets"))
    shared = read_embed(thing(view, "embed"), thing(view, "embed")).quoted
    url = post_url(shared) if shared else None
    if url and url not in written and url not in {mark.url for mark in marks}:
        written = f"{written}\n{url}" if written else url
        marks += (Mark("link", len(written) - len(url), len(written), url=url),)
    return written, marks
