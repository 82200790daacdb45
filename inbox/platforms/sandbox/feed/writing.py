"""How a reply is worded for the feed, and how it is found again; pure (mastodon.md §4, §6, §10)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.items import Message
from inbox.platforms.outgoing import Absent, Found, LookUp, Outgoing, Sent

# How far the server's clock may be from what is known of it.
MARGIN = timedelta(seconds=60)
VISIBILITIES = {"public": "public", "unlisted": "unlisted", "followers": "private", "direct": "direct"}
ORDER = ("direct", "followers", "unlisted", "public")
_MENTION = re.compile(r"(?<![\w@/])@([\w.-]+(?:@[\w.-]+\w)?)")


def worded(outgoing: Outgoing) -> Outgoing:
    """Return the reply with the person's name before it, and in a direct one nobody else's (RULES D7).

    A mention of somebody outside a direct exchange would let them read it: it is broken visibly.
    """
    acct = str(outgoing.parent_ref.get("acct", ""))
    text = outgoing.text
    if VISIBILITIES.get(outgoing.audience) == "direct":
        text = _MENTION.sub(lambda found: found[0] if found[1].casefold() == acct.casefold() else f"@ {found[1]}", text)
    names = {found.casefold() for found in _MENTION.findall(text)}
    if acct and acct.casefold() not in names:
        text = f"@{acct} {text}"
    return replace(outgoing, text=text)


def body_of(outgoing: Outgoing) -> dict[str, Any]:
    """Return what is posted."""
    body: dict[str, Any] = {
        "status": outgoing.text,
        "in_reply_to_id": outgoing.parent_id,
        "visibility": VISIBILITIES[outgoing.audience],
    }
    return body | ({"language": outgoing.lang} if outgoing.lang else {})


def is_wider(audience: str, than: str) -> bool:
    """Tell whether one audience reaches more people than another."""
    return ORDER.index(audience) > ORDER.index(than) if {audience, than} <= set(ORDER) else audience != than


def to_sent(message: Message) -> Sent:
    """Return a status of ours as a reply that was accepted."""
    return Sent(
        external_id=message.external_id,
        created_at=message.authored_at,
        permalink=message.permalink,
        parent_id=message.parent_id,
        audience=message.audience,
        text=message.text,
        version=message.version,
        ref=dict(message.ref),
    )


def find_among(own: Sequence[Message], outgoing: Outgoing, floor: datetime) -> LookUp:
    """Find a reply among statuses of ours: same parent and same words, not older than `floor`.

    Its absence proves nothing: a reply may be listed late. One that tells an earlier time is ours under a clock that
    is off, or was given natively before: only a person can tell.
    """
    placed = [message for message in own if message.parent_id == outgoing.parent_id]
    fresh = [message for message in placed if message.authored_at is None or message.authored_at >= floor]
    wanted = plain(outgoing.text)
    same = [message for message in placed if plain(message.text) == wanted]
    for message in same:
        if message in fresh:
            return Found(to_sent(message))
    return Absent(is_sure=False, candidates=tuple(to_sent(message) for message in (*fresh, *same)))


def plain(text: str) -> str:
    """Return a text as the platform will show it back: names without their host, spaces folded."""
    text = _MENTION.sub(lambda found: "@" + found[1].split("@")[0], text)
    return " ".join(text.split())
