"""What the queue's page shows: its rows, its filters in words, and what it says when it is empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.health import ChannelName, list_names
from inbox.conversations.labels import list_labels
from inbox.conversations.models import Label
from inbox.conversations.queries import Filters, QueuePage, View, list_queue
from inbox.desk import words
from inbox.desk.shell import read_counts, read_sight, view_sentence, view_word
from inbox.errors import Invalid
from inbox.members.models import Grant, Member, Membership, Team
from inbox.numbers import read_number

STATUSES = ("open", "snoozed", "done", "spam")
KINDS = ("comment", "mention", "direct", "review")

_MINE = (
    select(Grant.channel_id)
    .join(Membership, Membership.team_id == Grant.team_id)
    .where(Membership.member_id == bindparam("member_id", type_=BigInteger), Grant.can_see)
)
_SHARING = select(Grant.team_id).where(Grant.channel_id.in_(_MINE), Grant.can_see)
_TEAMS = select(Team).where(Team.id.in_(_SHARING)).order_by(Team.name)


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
class QueueShown:
    """The second pane."""

    view: str
    title: str
    sentence: str
    filters: Filters
    chosen: Sequence[Chosen]
    channels: Sequence[ChannelName]
    labels: Sequence[Label]
    teams: Sequence[Team]
    page: QueuePage
    link_args: dict[str, Any]
    empty: Empty
    shown_at: datetime

    @property
    def channel_choices(self) -> list[tuple[int, str]]:
        """The channels of the filter, with their platform."""
        named = {platform: words.platform_word(platform) for platform in {one.platform for one in self.channels}}
        return [(one.id, f"{named[one.platform]} · {one.name}") for one in self.channels]

    @property
    def label_choices(self) -> list[tuple[int, str]]:
        """The labels of the filter."""
        return [(one.id, one.name) for one in self.labels]

    @property
    def team_choices(self) -> list[tuple[int, str]]:
        """The teams of the filter."""
        return [(one.id, one.name) for one in self.teams]

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
    )


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
    named = {
        "view": view.value,
        "status": filters.status,
        "channel": filters.channel_id,
        "label": filters.label_id,
        "team": filters.team_id,
        "assignee": filters.assignee_id,
        "kind": filters.kind,
    }
    return {name: value for name, value in named.items() if value is not None}


def show_queue(session: Session, member: Member, view: View, filters: Filters, after: str | None) -> QueueShown:
    """Read a part of the queue with everything around it."""
    channels = list_names(session, member.id)
    labels = list_labels(session, member.id)
    teams = list_teams(session, member)
    args = link_args(view, filters)
    return QueueShown(
        view=view.value,
        title=view_word(view),
        sentence=view_sentence(view, int(getattr(read_counts(member.id), view.value))),
        filters=filters,
        chosen=_chosen(filters, args, channels, labels, teams),
        channels=channels,
        labels=labels,
        teams=teams,
        page=list_queue(session, member.id, view, filters, after=after, sight=read_sight(member.id)),
        link_args=args,
        empty=_empty(view, has_filters=len(args) > 1, has_channels=bool(channels), member=member),
        shown_at=clock.now(),
    )


def list_teams(session: Session, member: Member) -> Sequence[Team]:
    """List the teams that share a channel with the member."""
    return session.scalars(_TEAMS, {"member_id": member.id}).all()


def _chosen(
    filters: Filters,
    args: dict[str, Any],
    channels: Sequence[ChannelName],
    labels: Sequence[Label],
    teams: Sequence[Team],
) -> list[Chosen]:
    named = {
        "status": words.status_word(filters.status) if filters.status else None,
        "channel": next((c.name for c in channels if c.id == filters.channel_id), None),
        "label": next((label.name for label in labels if label.id == filters.label_id), None),
        "team": next((team.name for team in teams if team.id == filters.team_id), None),
        "kind": words.kind_word(filters.kind) if filters.kind else None,
    }
    shown = [(name, word) for name, word in named.items() if name in args and word]
    return [
        Chosen(word, url_for("desk.queue", **{key: value for key, value in args.items() if key != name}))
        for name, word in shown
    ]


def _empty(view: View, *, has_filters: bool, has_channels: bool, member: Member) -> Empty:
    if not has_channels:
        url = url_for("channels.connect") if member.is_admin else None
        text = _("Messages appear here once a channel is connected and your team may see it.")
        return Empty("plug", str(_("No channel yet")), str(text), url, str(_("Connect a channel")))
    if has_filters:
        url = url_for("desk.queue", view=view.value)
        return Empty(
            "funnel", str(_("Nothing fits")), str(_("No conversation fits this filter.")), url, str(_("Show all"))
        )
    return _empties()[view]


def _empties() -> dict[View, Empty]:
    everybody = url_for("desk.queue", view=View.UNASSIGNED.value)
    return {
        View.MINE: Empty(
            "circle-check",
            str(_("Nobody waits for you")),
            str(_("What is assigned to you appears here, longest waiting first.")),
            everybody,
            str(_("See who has nobody")),
        ),
        View.UNASSIGNED: Empty(
            "circle-check",
            str(_("Everybody has somebody")),
            str(_("New comments and messages appear here by themselves.")),
        ),
        View.SNOOZED: Empty(
            "clock", str(_("Nothing sleeps")), str(_("Snoozed conversations wait here and come back by themselves."))
        ),
        View.NO_ANSWER: Empty(
            "check-check",
            str(_("Nothing set aside")),
            str(
                _("Thanks, emoji and the like are kept here: look now and then whether one wants an answer after all.")
            ),
        ),
        View.EVERYTHING: Empty("inbox", str(_("It is quiet")), str(_("Nobody has written yet."))),
    }
