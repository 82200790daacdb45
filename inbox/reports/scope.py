"""What a report is about: the filters in an address, and the channels that remain of those that the member sees."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import request
from sqlalchemy import BigInteger, Text, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.conversations.models import Priority
from inbox.errors import Invalid
from inbox.members.access import list_seen_channels, sees_on_the_way
from inbox.numbers import read_number
from inbox.platforms.registry import list_platforms

_CHANNEL = table_of(Channel).c
_MEMBER: Any = bindparam("member_id", type_=BigInteger)
_NAME = func.coalesce(func.nullif(_CHANNEL.display_name, ""), _CHANNEL.handle).label("name")
_SEEN = (
    select(_CHANNEL.id, _CHANNEL.platform, _NAME, _CHANNEL.is_sandbox)
    .where(_CHANNEL.id.in_(list_seen_channels(_MEMBER)))
    .order_by(_CHANNEL.is_sandbox, _CHANNEL.display_name, _CHANNEL.id)
)


@dataclass(frozen=True)
class Filters:
    """What a report is narrowed to; None: everything."""

    channel: int | None = None
    team: int | None = None
    platform: str | None = None
    priority: str | None = None

    def args(self) -> dict[str, Any]:
        """Return what an address carries so that it shows the same."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Named:
    """A channel that the member sees."""

    id: int
    platform: str
    name: str


@dataclass(frozen=True)
class Scope:
    """Whose report this is, what it is narrowed to, and the channels that it is about."""

    member_id: int
    filters: Filters
    choices: tuple[Named, ...]
    channels: tuple[Named, ...]

    @property
    def values(self) -> dict[str, Any]:
        """Return the parameters of `conditions`."""
        given = {"member_id": self.member_id, "channel_ids": [channel.id for channel in self.channels]}
        optional = {"team_id": self.filters.team, "priority": self.filters.priority}
        return given | {name: value for name, value in optional.items() if value is not None}

    @property
    def shape(self) -> tuple[bool, bool]:
        """Return which filters are conditions of their own: statements are made once for each shape."""
        return self.filters.team is not None, self.filters.priority is not None

    @property
    def platforms(self) -> list[str]:
        """Return the platforms of all channels that the member sees."""
        return list(dict.fromkeys(channel.platform for channel in self.choices))


def conditions(columns: Any, shape: tuple[bool, bool], *, is_walked: bool = False) -> list[Any]:
    """SQL: rows of the scope's channels that the member sees; the grants themselves are in each statement.

    `is_walked`: rows are wanted in an order of their own, some at a time, not channel by channel.
    """
    return [is_seen(columns), *narrowing(columns, shape, is_walked=is_walked)]


def is_seen(columns: Any) -> Any:
    """SQL: the member sees this side of this channel."""
    return sees_on_the_way(_MEMBER, columns.channel_id, columns.is_private)


def narrowing(columns: Any, shape: tuple[bool, bool], *, is_walked: bool = False) -> list[Any]:
    """SQL: what the report is narrowed to, whoever asks."""
    channel_id = columns.channel_id + literal_column("0") if is_walked else columns.channel_id
    found = [among(channel_id, "channel_ids")]
    has_team, has_priority = shape
    if has_team:
        found.append(columns.team_id == bindparam("team_id", type_=BigInteger))
    if has_priority:
        found.append(columns.priority == bindparam("priority", type_=Text))
    return found


def find_scope(session: Session, member_id: int, filters: Filters) -> Scope:
    """Find the channels of a report. Invented people stand outside it, unless there are no others."""
    rows = session.execute(_SEEN, {"member_id": member_id}).all()
    real = [row for row in rows if not row.is_sandbox]
    choices = tuple(Named(row.id, row.platform, row.name) for row in real or rows)
    chosen = tuple(one for one in choices if filters.channel in (None, one.id))
    chosen = tuple(one for one in chosen if filters.platform in (None, one.platform))
    return Scope(member_id, filters, choices, chosen)


def read_filters() -> Filters:
    """Return the filters in the address; raises Invalid for what is no filter."""
    platform, priority = request.args.get("platform") or None, request.args.get("priority") or None
    if priority not in (None, *(one.value for one in Priority)) or platform not in (None, *list_platforms()):
        raise Invalid("filter_unknown")
    return Filters(read_id("channel"), read_id("team"), platform, priority)


def read_id(name: str) -> int | None:
    """Return the row's number that a parameter of the address names; raises Invalid for anything else."""
    text = request.args.get(name, "")
    number = read_number(text)
    if text and number is None:
        raise Invalid("filter_unknown")
    return number
