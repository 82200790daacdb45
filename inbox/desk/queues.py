"""What the queue's page shows: its rows, its filters in words, and what it says when it is empty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from flask import request, url_for
from flask_babel import pgettext
from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import table_of
from inbox.channels.health import list_names
from inbox.conversations.dues import today_in
from inbox.conversations.labels import list_labels
from inbox.conversations.queries import Filters, QueuePage, View, list_queue
from inbox.desk import words
from inbox.desk.shell import read_counts, read_sight, view_sentence, view_word
from inbox.errors import Invalid
from inbox.languages import format_datetime
from inbox.languages import gettext as _
from inbox.members.access import list_seen_channels
from inbox.members.models import Grant, Member, Team
from inbox.numbers import read_number

STATUSES = ("open", "snoozed", "done", "spam")
KINDS = ("comment", "mention", "direct", "review")
_FIRST_YEAR, _LAST_YEAR = 1970, 9000

_TEAM, _GRANT = table_of(Team).c, table_of(Grant).c
_MINE = list_seen_channels(bindparam("member_id", type_=BigInteger))
_SHARING = select(_GRANT.team_id).where(_GRANT.channel_id.in_(_MINE), _GRANT.can_see)
_TEAMS = select(_TEAM.id, _TEAM.name).where(_TEAM.id.in_(_SHARING)).order_by(_TEAM.name)


class Named(Protocol):
    """What a filter can be set to."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...


class ChannelWord(NamedTuple):
    """A channel to choose, with its platform."""

    id: int
    name: str


class TeamName(NamedTuple):
    """A team to choose."""

    id: int
    name: str


@dataclass(frozen=True)
class Chosen:
    """A filter that is on, and the address of the list without it."""

    word: str
    url: str


@dataclass(frozen=True)
class Empty:
    """What an empty list says."""

    icon: str
    title: str
    text: str
    url: str | None = None
    link: str = ""


@dataclass(frozen=True)
class Choices:
    """What the filter offers: numbers with their words."""

    channels: Sequence[tuple[int, str]]
    labels: Sequence[tuple[int, str]]
    teams: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class QueueShown:
    """The second pane. `choices`: None until somebody opens the filter, for they may be hundreds."""

    view: str
    title: str
    sentence: str
    filters: Filters
    chosen: Sequence[Chosen]
    choices: Choices | None
    page: QueuePage
    link_args: dict[str, Any]
    empty: Empty
    shown_at: datetime
    day_ends_at: datetime  # where the member is, or as the address says: what is due today is due before it

    @property
    def choices_url(self) -> str:
        """Where the filter's choices are."""
        return url_for("desk.choices", **self.link_args)

    @property
    def open_filter_url(self) -> str:
        """The same list with its filter open, for browsers without scripts."""
        return url_for("desk.queue", filter="open", **self.link_args)

    @property
    def more_url(self) -> str:
        """Where the next part is."""
        return url_for("desk.queue", after=self.page.after, **self.link_args)


def read_filters() -> Filters:
    """Return the filters in the address; raises Invalid for what is no filter."""
    status, kind = request.args.get("status") or None, request.args.get("kind") or None
    if status not in (None, *STATUSES) or kind not in (None, *KINDS):
        raise Invalid("filter_unknown")
    return Filters(
        status=status,
        channel_id=_number("channel"),
        label_id=_number("label"),
        team_id=_number("team"),
        assignee_id=_number("assignee"),
        kind=kind,
        due_until_at=_moment("until"),
    )


def _moment(name: str) -> datetime | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("filter_unknown") from error
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise Invalid("filter_unknown")
    return at


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    number = read_number(text)
    if number is None:
        raise Invalid("filter_unknown")
    return number


def link_args(view: View, filters: Filters) -> dict[str, Any]:
    """Return what an address carries so that it shows the same list."""
    until = _until(view, filters)
    named = {
        "view": view.value,
        "status": filters.status,
        "channel": filters.channel_id,
        "label": filters.label_id,
        "team": filters.team_id,
        "assignee": filters.assignee_id,
        "kind": filters.kind,
        "until": until.isoformat() if until else None,
    }
    return {name: value for name, value in named.items() if value is not None}


def _until(view: View, filters: Filters) -> datetime | None:
    """Return the end of what is due where the address says one; other lists have none."""
    return filters.due_until_at if view is View.DUE_TODAY else None


def show_queue(session: Session, member: Member, view: View, filters: Filters, after: str | None) -> QueueShown:
    """Read a part of the queue with everything around it."""
    args, sight, now = link_args(view, filters), read_sight(member.id), clock.now()
    return QueueShown(
        view=view.value,
        title=str(pgettext("list of conversations", "Due")) if "until" in args else view_word(view),
        # The list's count is not that of what it is narrowed to, which nobody has counted.
        sentence="" if len(args) > 1 else view_sentence(view, int(getattr(read_counts(member.id), view.value))),
        filters=filters,
        chosen=_chosen(session, member, filters, args),
        choices=list_choices(session, member) if request.args.get("filter") == "open" else None,
        page=list_queue(session, member.id, view, filters, after=after, sight=sight),
        link_args=args,
        empty=_empty(view, has_filters=len(args) > 1, has_channels=bool(sight.sides), member=member),
        shown_at=now,
        day_ends_at=_until(view, filters) or today_in(member.time_zone, now).ends_at,
    )


def list_choices(session: Session, member: Member) -> Choices:
    """List what the filter offers to a member."""
    return Choices(
        channels=_list_channels(session, member),
        labels=[(one.id, one.name) for one in list_labels(session, member.id)],
        teams=[(one.id, one.name) for one in list_teams(session, member)],
    )


def _list_channels(session: Session, member: Member) -> list[ChannelWord]:
    """Name the channels that the member sees; a brand has one name on several platforms."""
    found = list_names(session, member.id)
    return [ChannelWord(one.id, f"{words.platform_word(one.platform)} · {one.name}") for one in found]


def list_teams(session: Session, member: Member) -> Sequence[TeamName]:
    """List the teams that share a channel with the member."""
    return [TeamName(*row) for row in session.execute(_TEAMS, {"member_id": member.id})]


def _chosen(session: Session, member: Member, filters: Filters, args: dict[str, Any]) -> list[Chosen]:
    named = {
        "status": words.status_word(filters.status) if filters.status else None,
        "channel": _name_of(filters.channel_id, lambda: _list_channels(session, member)),
        "label": _name_of(filters.label_id, lambda: list_labels(session, member.id)),
        "team": _name_of(filters.team_id, lambda: list_teams(session, member)),
        "kind": words.kind_word(filters.kind) if filters.kind else None,
        "until": _before(filters.due_until_at),
    }
    shown = [(name, word) for name, word in named.items() if name in args and word]
    return [
        Chosen(word, url_for("desk.queue", **{key: value for key, value in args.items() if key != name}))
        for name, word in shown
    ]


def _before(until_at: datetime | None) -> str | None:
    return _("before %(time)s", time=format_datetime(until_at, "EEE d MMM HH:mm")) if until_at else None


def _name_of(number: int | None, read: Callable[[], Sequence[Named]]) -> str | None:
    """Name what a filter is set to; only then is what it might be set to read."""
    return next((one.name for one in read() if one.id == number), None) if number is not None else None


def _empty(view: View, *, has_filters: bool, has_channels: bool, member: Member) -> Empty:
    if not has_channels:
        url = url_for("channels.connect") if member.is_admin else None
        text = _("Messages appear here once a channel is connected and your team may see it.")
        return Empty("plug", _("No channel yet"), text, url, _("Connect a channel"))
    if has_filters:
        url = url_for("desk.queue", view=view.value)
        return Empty("funnel", _("Nothing fits"), _("No conversation fits this filter."), url, _("Show all"))
    return _EMPTIES[view]()


def _mine() -> Empty:
    everybody = url_for("desk.queue", view=View.UNASSIGNED.value)
    said = _("What is assigned to you appears here, longest waiting first.")
    return Empty("circle-check", _("Nobody waits for you"), said, everybody, _("See who has nobody"))


def _unassigned() -> Empty:
    said = _("New comments and messages appear here by themselves.")
    return Empty("circle-check", _("Everybody has somebody"), said)


def _due_today() -> Empty:
    said = _("Whose answer is due before the day ends appears here, soonest first.")
    return Empty(
        "circle-check",
        _("Nothing more is due today"),
        said,
        url_for("desk.queue", view=View.OVERDUE.value),
        _("See what is overdue"),
    )


def _overdue() -> Empty:
    return Empty(
        "circle-check",
        _("Nobody waits past their deadline"),
        _("Whoever does appears here by themselves, longest overdue first."),
    )


def _no_answer() -> Empty:
    said = _("Thanks, emoji and the like are kept here: look now and then whether one wants an answer after all.")
    return Empty("check-check", _("Nothing set aside"), said)


def _snoozed() -> Empty:
    return Empty("clock", _("Nothing sleeps"), _("Snoozed conversations wait here and come back by themselves."))


_EMPTIES: dict[View, Callable[[], Empty]] = {
    View.MINE: _mine,
    View.UNASSIGNED: _unassigned,
    View.DUE_TODAY: _due_today,
    View.OVERDUE: _overdue,
    View.SNOOZED: _snoozed,
    View.NO_ANSWER: _no_answer,
    View.EVERYTHING: lambda: Empty("inbox", _("It is quiet"), _("Nobody has written yet.")),
}
