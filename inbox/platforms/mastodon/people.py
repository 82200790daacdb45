"""Who is who on one server: us, the person who wrote, and the people of a private exchange; pure.

Handles are written with and without the server's own name, and some servers number the people that a status mentions
instead of giving their ids (mastodon.md §10), so people of an exchange are told apart by their handles.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from inbox.platforms.contract import Account
from inbox.platforms.items import Author
from inbox.platforms.mastodon.values import address, ident, text, things


@dataclass(frozen=True)
class Us:
    """Our account as its server knows it; `domains` are names by which the server calls itself."""

    external_id: str
    handle: str
    scope: str
    domains: frozenset[str]

    @classmethod
    def of(cls, account: Account) -> "Us":
        """Read it off a connected account."""
        return us(account.external_id, account.handle, account.service_url)

    def bare(self, acct: str) -> str:
        """Return a handle without @, in small letters, and without the name of our own server."""
        name, _, domain = acct.strip().lstrip("@").casefold().partition("@")
        return name if not domain or domain in self.domains else f"{name}@{domain}"

    def is_us(self, person: Any) -> bool:
        """Tell whether an account or a mention is ours."""
        acct = text(person, "acct")
        return ident(person) == self.external_id or (bool(acct) and self.bare(acct) == self.bare(self.handle))

    def mentioned(self, status: Any) -> list[str]:
        """Return the ids of the people that a status mentions, as far as its server tells them."""
        rows = things(status, "mentions")
        has_ids = not rows or ident(rows[0]) != "0"  # snac numbers them from 0
        found = [self.external_id if self.is_us(row) else ident(row) if has_ids else "" for row in rows]
        return list(dict.fromkeys(one for one in found if one))

    def mentions_us(self, status: Any) -> bool:
        """Tell whether a status mentions us."""
        return any(self.is_us(row) for row in things(status, "mentions"))

    def others(self, status: Any) -> list[str]:
        """Return the handles of everybody in a private exchange but us: who wrote, and whom it mentions."""
        people = [status.get("account"), *things(status, "mentions")]
        names = {self.bare(text(one, "acct")) for one in people if not self.is_us(one)}
        return sorted(names - {""})


def us(external_id: str, handle: str, service_url: str) -> Us:
    """Return our account, with the names of its server: the one that is asked and the one in its own handle."""
    scope = scope_of(service_url)
    domain = handle.lstrip("@").casefold().partition("@")[2]
    return Us(external_id, handle, scope, frozenset({scope, *([domain] if domain else [])}))


def scope_of(service_url: str) -> str:
    """Return the world in which a server's ids count: that server."""
    return urlsplit(service_url).netloc.rpartition("@")[2].casefold()


def author_of(account: Any, scope: str) -> Author:
    """Return an account as an author; it is known by its id on this server."""
    return Author(
        external_id=ident(account),
        scope=scope,
        handle=text(account, "acct") or text(account, "username"),
        display_name=text(account, "display_name") or text(account, "username"),
        avatar_url=address(account, "avatar_static") or address(account, "avatar"),
        profile_url=address(account, "url") or address(account, "uri"),
    )
