"""How a reply is worded, and how it is found again; pure (mastodon.md §4, §6, §10)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.items import Message
from inbox.platforms.mastodon.people import Us
from inbox.platforms.mastodon.values import ident, text
from inbox.platforms.mastodon.wording import plain
from inbox.platforms.outgoing import Absent, Found, LookUp, Outgoing, Sent

# How far the server's clock may be from what is known of it.
MARGIN = timedelta(seconds=60)
VISIBILITIES = {"public": "public", "unlisted": "unlisted", "followers": "private", "direct": "direct"}
ORDER = ("direct", "followers", "unlisted", "public")
# Between the sign and the name, so that it is read as before and names nobody.
BREAK = "\u200b"
# Any sign before a name but after a letter, where it makes an e-mail address; wider than what servers take for one.
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@([\w.-]*\w)(@[\w.-]*\w(?::\d+)?)?")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# After these an address may name a person without mentioning them: https://social.example/@eva
_PATH_SIGNS = "/="
_SIGNS = re.compile(r"[\W_]+")


def worded(outgoing: Outgoing, us: Us) -> Outgoing:
    """Return the reply with the person's name before it, and in a direct one nobody else's (RULES D7).

    Who is named in a direct status reads it; a reply that names nobody is told to nobody. A bare name that is the
    person's, who lives elsewhere, would be somebody else's here: it gets its host.
    """
    acct = text(dict(outgoing.parent_ref), "acct") or (outgoing.recipient.handle if outgoing.recipient else "")
    acct = acct.strip().lstrip("@")
    said = _named(outgoing.text, acct, us, is_direct=outgoing.audience == "direct")
    if acct and us.bare(acct) not in _names(said, us):
        said = f"@{acct} {said}"
    return replace(outgoing, text=said)


def _named(said: str, acct: str, us: Us, *, is_direct: bool) -> str:
    allowed = {us.bare(acct), us.bare(us.handle)}
    name, _, host = acct.partition("@")
    urls = [url.span() for url in _URL.finditer(said)]

    def of_one(found: re.Match[str]) -> str:
        is_in_url = any(start <= found.start() < end for start, end in urls)
        if is_in_url and said[found.start() - 1] in _PATH_SIGNS:
            return found[0]
        if not is_in_url and not found[2] and host and found[1].casefold() == name.casefold():
            return f"@{acct}"
        if not is_direct or us.bare(found[1] + (found[2] or "")) in allowed:
            return found[0]
        # its host is broken too: with the first sign alone broken, some servers would take that for a name
        return f"@{BREAK}{found[1]}" + (f"@{BREAK}{found[2][1:]}" if found[2] else "")

    return _MENTION.sub(of_one, said)


def _names(said: str, us: Us) -> set[str]:
    found = _MENTION.finditer(_URL.sub(" ", said))
    return {us.bare(one[1] + (one[2] or "")) for one in found}


def form_of(outgoing: Outgoing) -> dict[str, str]:
    """Return what is posted: the audience is always said, for else the account's own setting would count."""
    form = {
        "status": outgoing.text,
        "in_reply_to_id": outgoing.parent_id,
        "visibility": VISIBILITIES[outgoing.audience],
    }
    return form | ({"language": outgoing.lang} if outgoing.lang else {})


def is_wider(audience: str, than: str) -> bool:
    """Tell whether one audience reaches more people than another; a word that is not known is the widest."""
    rank = {name: number for number, name in enumerate(ORDER)}
    return rank.get(audience, len(ORDER)) > rank.get(than, -1)


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


def bare_sent(row: Any) -> Sent | None:
    """Return what an answer that can't be read whole tells of a reply; None where it names none."""
    if not ident(row):
        return None
    return Sent(external_id=ident(row), parent_id=ident(row, "in_reply_to_id"))


def find_among(own: Sequence[Message], outgoing: Outgoing, floor: datetime) -> LookUp:
    """Find a reply among statuses of ours: same parent and same words, not older than `floor`.

    Its absence proves nothing: a reply may be listed late, or a request may still wait in front of the server.
    """
    fresh = [m for m in own if m.authored_at is None or m.authored_at >= floor]
    here = [m for m in fresh if m.parent_id == outgoing.parent_id]
    for message in here:
        if is_same(message, outgoing):
            return Found(to_sent(message))
    # A server that lost the parent lets it hang nowhere: whether it is ours, a person says.
    astray = [m for m in fresh if m.parent_id is None and is_same(m, outgoing)]
    return Absent(is_sure=False, candidates=tuple(to_sent(message) for message in (*here, *astray)))


def is_same(message: Message, outgoing: Outgoing) -> bool:
    """Tell whether a status says what was sent: servers put signs of their own into words, and take some out."""
    wanted = plain(outgoing.text)
    said = {plain(message.text), plain(text(dict(message.raw), "text"))}
    return wanted in said or any(_letters(one) == _letters(wanted) != "" for one in said)


def _letters(said: str) -> str:
    return _SIGNS.sub("", said).casefold()
