"""What a server of this API knows: people, their statuses, who was told of what, apps and tokens."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from itertools import count
from typing import Any

Json = dict[str, Any]
_NAMED = re.compile(r"(?<![\w/=])@([\w.-]*\w)(?:@([\w.-]*\w(?::\d+)?))?")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass
class Personality:
    """How a server differs from Mastodon; each field is a thing that was seen (mastodon.md §10)."""

    version: str = "4.6.4"
    api_version: int | None = 11
    scopes_supported: tuple[str, ...] | None = (
        "read", "write", "read:accounts", "read:notifications", "read:statuses", "write:statuses", "write:favourites",
    )  # fmt: skip
    refuses_fine_scopes: bool = False
    knows_pkce: bool = True
    takes_any_code: bool = False
    dead_token: tuple[int, str] = (401, '{"error":"The access token is invalid"}')
    dead_token_on_me: tuple[int, str] | None = None
    keeps_keys: bool = True
    told_without_name: bool = False  # a direct reply mentions whom it answers, also unnamed
    max_length: int = 500
    too_long: tuple[int, str] | None = (422, '{"error":"Validation failed: Text character limit of 500 exceeded"}')
    missing_parent: str = "404"  # or top
    instance_v2: int = 200
    link: str = "full"  # none, bare (without what was asked), broken
    heeds_types: bool = True
    refuses_unknown: bool = False
    default_limit: int = 20
    most_limit: int = 80
    null_status: bool = False
    numbers_mentions: bool = False
    full_handles: bool = False
    ids: str = "number"  # ulid, int
    has_batches: bool = True
    is_html_404: bool = False
    lists_directs: bool = True
    bolds: bool = False


@dataclass
class Person:
    """Somebody on the server."""

    external_id: str
    name: str
    host: str = ""  # of another server
    is_bot: bool = False


@dataclass
class Status:
    """A status, and whom it was told to by a notification."""

    external_id: str
    author: Person
    text: str
    visibility: str
    at: datetime
    parent: str | None = None
    mentions: list[Person] = field(default_factory=list)
    is_gone: bool = False
    edited_at: datetime | None = None
    favourited: bool = False
    more: Json = field(default_factory=dict)


@dataclass
class Notification:
    """One row of somebody's notifications; `is_shown` False: its id is given, but it can't be read yet."""

    external_id: str
    to: Person
    kind: str
    by: Person
    status: Status | None
    at: datetime
    is_shown: bool = True
    is_filtered: bool = False


class World:
    """People and statuses of one server; `domain` is its name."""

    def __init__(self, domain: str, now: Callable[[], datetime]) -> None:
        self.domain, self.now = domain, now
        self.personality = Personality()
        self.people: dict[str, Person] = {}
        self.statuses: dict[str, Status] = {}
        self.notifications: list[Notification] = []
        self.tokens: dict[str, tuple[Person, str]] = {}
        self.apps: dict[str, Json] = {}
        self.codes: dict[str, Json] = {}
        self.keys: dict[str, Status] = {}
        self._numbers = count(1001)

    def new_id(self) -> str:
        number = next(self._numbers)
        if self.personality.ids != "ulid":
            return str(number)
        digits = "".join(ALPHABET[(number * 7 >> shift) % 32] for shift in range(25, -5, -5))
        return f"01JQ{ALPHABET[number // 32 % 32]}{ALPHABET[number % 32]}{digits}"

    def add_person(self, name: str, host: str = "", **more: Any) -> Person:
        person = Person(self.new_id(), name, host, **more)
        self.people[self.acct(person)] = person
        return person

    def acct(self, person: Person) -> str:
        host = person.host or (self.domain if self.personality.full_handles else "")
        return f"{person.name}@{host}" if host else person.name

    def give_token(self, person: Person, scope: str = "read write") -> str:
        token = f"token-of-{person.name}-{len(self.tokens) + 1}"
        self.tokens[token] = (person, scope)
        return token

    def named_in(self, text: str) -> list[Person]:
        """Return whom a text names: this is whom a direct status is shown to."""
        found = []
        for name, host in _NAMED.findall(text):
            host = "" if host == self.domain else host
            found += [one for one in self.people.values() if (one.name, one.host) == (name, host)]
        return list({id(one): one for one in found}.values())

    def post(
        self,
        author: Person,
        text: str,
        *,
        to: Status | str | None = None,
        visibility: str = "public",
        at: datetime | None = None,
        is_shown: bool = True,
        **more: Any,
    ) -> Status:
        """Publish a status; whoever it names is told."""
        parent = to.external_id if isinstance(to, Status) else to
        status = Status(
            self.new_id(), author, text, visibility, at or self.now(), parent, self.named_in(text), more=more
        )
        answered = self.statuses.get(parent or "")
        if self.personality.told_without_name and answered and visibility == "direct":
            status.mentions = list({id(one): one for one in [*status.mentions, answered.author]}.values())
        self.statuses[status.external_id] = status
        for person in status.mentions:
            if person is not author:
                self.tell(person, "mention", author, status, at=at, is_shown=is_shown)
        return status

    def tell(
        self, to: Person, kind: str, by: Person, status: Status | None, *, at: datetime | None = None, **more: Any
    ) -> Notification:
        """Add a notification."""
        row = Notification(self.new_id(), to, kind, by, status, at or self.now(), **more)
        self.notifications.append(row)
        return row

    def delete(self, status: Status) -> None:
        status.is_gone = True

    def edit(self, status: Status, text: str) -> None:
        status.text, status.edited_at = text, self.now()

    def below(self, external_id: str) -> list[Status]:
        """Return what hangs below a status, oldest first."""
        found: list[Status] = []
        waiting = [external_id]
        while waiting:
            here = waiting.pop(0)
            children = [one for one in self.statuses.values() if one.parent == here and not one.is_gone]
            found += children
            waiting += [one.external_id for one in children]
        return found

    def show_person(self, person: Person) -> Json:
        host = person.host or self.domain
        return {
            "id": self._shown_id(person.external_id),
            "username": person.name,
            "acct": self.acct(person),
            "display_name": person.name.capitalize(),
            "url": f"https://{host}/@{person.name}",
            "avatar": f"https://{host}/avatars/{person.name}.png",
            "avatar_static": f"https://{host}/avatars/{person.name}.png",
            "bot": person.is_bot,
        }

    def show(self, status: Status) -> Json:
        answered = self.statuses.get(status.parent or "")
        parent = status.parent and self._shown_id(status.parent)
        return {
            "id": self._shown_id(status.external_id),
            "created_at": _written(status.at),
            "edited_at": status.edited_at and _written(status.edited_at),
            "in_reply_to_id": parent,
            "in_reply_to_account_id": self._shown_id(answered.author.external_id) if answered else None,
            "visibility": status.visibility,
            "sensitive": False,
            "spoiler_text": "",
            "url": f"https://{self.domain}/@{status.author.name}/{status.external_id}",
            "content": self._content(status),
            "account": self.show_person(status.author),
            "media_attachments": [],
            "mentions": [self._mention(number, one) for number, one in enumerate(status.mentions)],
            "favourited": status.favourited,
            "favourites_count": 0,
            "replies_count": len(self.below(status.external_id)),
            "reblog": None,
            "poll": None,
            **status.more,
        }

    def show_row(self, row: Notification) -> Json:
        is_shown = row.status is not None and not (row.status.is_gone and self.personality.null_status)
        return {
            "id": self._shown_id(row.external_id),
            "type": row.kind,
            "created_at": _written(row.at),
            "account": self.show_person(row.by),
            "status": self.show(row.status) if is_shown and row.status else None,
        }

    def _mention(self, number: int, person: Person) -> Json:
        shown = self.show_person(person)
        number_or_id = str(number) if self.personality.numbers_mentions else shown["id"]
        return {"id": number_or_id, "username": shown["username"], "acct": shown["acct"], "url": shown["url"]}

    def _content(self, status: Status) -> str:
        text = escape(status.text, quote=False)
        for person in status.mentions:
            host = person.host or self.domain
            link = (
                f'<span class="h-card"><a href="https://{host}/@{person.name}" class="u-url mention">'
                f"@<span>{person.name}</span></a></span>"
            )
            text = re.sub(rf"@{re.escape(person.name)}(@{re.escape(host)})?(?![\w@])", link, text)
        text = text.replace("\n", "<br>")
        return f"<p><b>{text}</b></p>" if self.personality.bolds else f"<p>{text}</p>"

    def _shown_id(self, external_id: str) -> Any:
        return int(external_id) if self.personality.ids == "int" else external_id


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
