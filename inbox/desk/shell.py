"""What stands around every page: the rail with its counts, banners, what was just said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask import session as cookie
from flask_babel import get_locale, pgettext

from inbox import disk
from inbox.addresses import known_url
from inbox.alerts.access import list_open
from inbox.channels.health import Warnings, find_warnings, list_needing_you
from inbox.conversations.queries import COUNT_LIMIT, Counts, View, count_views
from inbox.conversations.sight import Sight, find_sight
from inbox.database import db
from inbox.desk import looks, marks, script_words, words
from inbox.desk.alert_pages import Banner, show_banners
from inbox.desk.differences import differences
from inbox.desk.entry_html import entries_html
from inbox.desk.last_calls import LastCallShown, show_last_call
from inbox.desk.live_rows import find_newest
from inbox.desk.rows import rows_html
from inbox.desk.troubles import trouble_sentence
from inbox.languages import gettext as _
from inbox.languages import later as _l
from inbox.members.access import sets_policies
from inbox.members.doors import find_member
from inbox.members.models import Member
from inbox.settings import Settings
from inbox.web_security import stream_origin

ICONS = {
    View.MINE: "user-round-check",
    View.UNASSIGNED: "inbox",
    View.DUE_TODAY: "hourglass",
    View.OVERDUE: "triangle-alert",
    View.SNOOZED: "clock",
    View.NO_ANSWER: "check-check",
    View.EVERYTHING: "list",
}
_VIEWS = {
    View.MINE: _l("Mine"),
    View.UNASSIGNED: _l("Unassigned"),
    View.DUE_TODAY: _l("Due today"),
    View.OVERDUE: _l("Overdue"),
    View.NO_ANSWER: _l("No answer needed"),
    View.EVERYTHING: _l("Everything"),
}


# Pages that are reached from another's, and stand under it in the rail.
_ROOMS = {"people": ("teams",), "alerts": ("escalation", "watch"), "reports": ("sla_policies",)}


@dataclass(frozen=True)
class RailView:
    """A list of the rail with its bounded count."""

    name: str
    word: str
    icon: str
    url: str
    count: int
    is_current: bool
    is_hot: bool
    is_late: bool
    in_more: bool

    @property
    def sentence(self) -> str:
        """How many people wait there, as the list's head says it."""
        return view_sentence(View(self.name), self.count)

    @property
    def count_text(self) -> str:
        """The count as written."""
        return words.bounded(self.count, COUNT_LIMIT)


@dataclass(frozen=True)
class Place:
    """Another page of the rail."""

    word: str
    icon: str
    url: str
    is_current: bool
    needs: str = ""  # what needs somebody there


@dataclass(frozen=True)
class TroubledChannel:
    """A channel that needs somebody, for the banner."""

    name: str
    sentence: str
    url: str


@dataclass(frozen=True)
class Said:
    """A sentence shown for some seconds, with its undo."""

    text: str
    undo_url: str | None = None
    seconds: float = 8
    is_bad: bool = False


def view_sentence(view: View, count: int) -> str:
    """Say how many a list has; in those that nobody waits in, as a number."""
    if view in (View.SNOOZED, View.NO_ANSWER):
        return words.bounded(count, COUNT_LIMIT)
    if view.is_by_deadline and count == 0:  # others may well wait, but for longer yet
        return _("nobody")
    return words.waiting_sentence(count, COUNT_LIMIT)


def view_word(view: View) -> str:
    """Name a list of the rail."""
    if view is View.SNOOZED:
        return str(pgettext("list of conversations", "Snoozed"))
    return _(_VIEWS[view])


def read_counts(member_id: int) -> Counts:
    """Count the member's lists, once for each request: the rail shows them, the head says one."""
    if "view_counts" not in g:
        g.view_counts = count_views(db.session(), member_id, sight=read_sight(member_id))
    counts: Counts = g.view_counts
    return counts


def read_sight(member_id: int) -> Sight:
    """Return what the member sees, read once for each request."""
    if "sight" not in g:
        g.sight = find_sight(db.session(), member_id)
    sight: Sight = g.sight
    return sight


def read_warnings(member_id: int) -> Warnings:
    """Return whether banners are due, read once for each request."""
    if "warnings" not in g:
        g.warnings = find_warnings(db.session(), member_id)
    warnings: Warnings = g.warnings
    return warnings


def say(text: str, *, undo_id: int | None = None, is_bad: bool = False) -> None:
    """Show a sentence on the next page of this browser (for requests without scripts)."""
    cookie["said"] = [*cookie.get("said", []), {"text": text, "undo_id": undo_id, "is_bad": is_bad}][-3:]


class Shell:
    """Read at first use, so that fragments pay for nothing."""

    def __init__(self, member: Member) -> None:
        self._member = member

    @property
    def theme(self) -> str:
        """auto, light or dark."""
        return self._member.theme

    @property
    def are_keys_on(self) -> bool:
        """Whether single keys act."""
        return self._member.are_keys_on

    @property
    def member_name(self) -> str:
        """Who is signed in."""
        return self._member.name

    @property
    def member_initials(self) -> str:
        """Their letters."""
        return looks.initials(self._member.name)

    @property
    def member_hue(self) -> int:
        """Their colour."""
        return looks.hue(f"member {self._member.id}")

    @property
    def settings_url(self) -> str:
        """Where one's own settings are."""
        return known_url("me.show")

    @property
    def sign_out_url(self) -> str:
        """Where signing out is posted."""
        return known_url("members.sign_out")

    @cached_property
    def views(self) -> Sequence[RailView]:
        """The lists of the rail."""
        counts = read_counts(self._member.id)
        is_beside = request.endpoint in ("desk.queue", "desk.conversation")
        is_asked = request.endpoint == "desk.counts" and "view" in request.args
        current = current_view() if is_beside or is_asked else None
        return [
            RailView(
                name=view.value,
                word=view_word(view),
                icon=ICONS[view],
                url=known_url("desk.queue", view=view.value),
                count=getattr(counts, view.value),
                is_current=view == current,
                is_hot=view is View.UNASSIGNED,
                is_late=view is View.OVERDUE,
                in_more=view in (View.SNOOZED, View.NO_ANSWER),
            )
            for view in View
        ]

    @cached_property
    def places(self) -> Sequence[Place]:
        """Pages besides the queue: for everybody, for whoever sees a channel, for leads, and for admins."""
        is_waiting = any(one.alert_id is not None for one in self.alerts)
        places = [
            self._place(_("SLA"), "timer", "reports.sla"),
            self._place(_("On call"), "calendar-clock", "rotations.index"),
            self._place(_("Alerts"), "bell", "alerts.index", _("Nobody has an alert yet") if is_waiting else ""),
            self._place(_("Channels"), "plug", "channels.index", _("A channel needs you") if self.troubled else ""),
        ]
        places.append(self._place(_("Saved replies"), "message-square-text", "saved_replies.index"))
        if sets_policies(db.session(), self._member):
            places.append(self._place(_("Calendars"), "calendar-days", "calendars.index"))
        if self._member.is_admin:
            places.append(self._place(_("People"), "users-round", "people.index"))
        return places

    def _place(self, word: str, icon: str, endpoint: str, needs: str = "") -> Place:
        place, here = endpoint.partition(".")[0], (request.endpoint or "").partition(".")[0]
        return Place(str(word), icon, known_url(endpoint), here in (place, *_ROOMS.get(place, ())), needs)

    @cached_property
    def troubled(self) -> Sequence[TroubledChannel]:
        """Channels that need somebody, among those that the member sees."""
        if not read_warnings(self._member.id).needs_you:
            return []
        return [
            TroubledChannel(
                name=f"{words.platform_word(channel.platform)} · {channel.display_name or channel.handle}",
                sentence=trouble_sentence(channel),
                url=url_for("channels.show", channel_id=channel.id),
            )
            for channel in list_needing_you(db.session(), self._member.id)
        ]

    @cached_property
    def alerts(self) -> Sequence[Banner]:
        """Alerts that nobody has taken: those that the member may know of, and that there is one whom nobody heard."""
        if not read_warnings(self._member.id).has_alerts:
            return []
        needing = {channel.id for channel in list_needing_you(db.session(), self._member.id)}
        return show_banners(db.session(), list_open(db.session(), self._member), needing)

    @property
    def more_alerts(self) -> int:
        """How many there are besides those that have a banner."""
        return max(0, len(self.alerts) - 3)

    @cached_property
    def last_call(self) -> LastCallShown | None:
        """What falls due after the member's desk closes, once they were told."""
        if not read_warnings(self._member.id).has_last_call:
            return None
        return show_last_call(db.session(), self._member)

    @cached_property
    def is_disk_full(self) -> bool:
        """Whether what arrives or is written is not kept, here or in a worker."""
        return disk.is_noted(current_app.config["RELEVO"])

    @cached_property
    def has_sandbox(self) -> bool:
        """Whether invented people are among those shown."""
        return read_warnings(self._member.id).is_played

    @property
    def connect_url(self) -> str | None:
        """Where admins connect a channel."""
        return known_url("channels.connect") if self._member.is_admin else None

    @cached_property
    def said(self) -> Sequence[Said]:
        """What the request before this one wanted to say."""
        if not cookie.get("said"):
            return []
        return [_said(row) for row in cookie.pop("said")]

    @cached_property
    def for_scripts(self) -> dict[str, Any]:
        """What scripts need to know, as plain JSON."""
        settings: Settings = current_app.config["RELEVO"]
        return {
            "member": self._member.id,
            "locale": str(get_locale()),
            "newest": find_newest(db.session(), self._member.id),
            "undoSeconds": settings.pace.undo_seconds,
            "stream": f"{stream_origin() or ''}/stream?locale={get_locale()}",
            "static": url_for("static", filename=""),
            "words": script_words.words(),
        }


def current_view() -> View:
    """Return the list that this request is about: the one in the address, or the one shown beside a conversation."""
    if "view" in g:
        return View(g.view)
    try:
        return View(request.args.get("view", View.MINE.value))
    except ValueError:
        return View.MINE


def _said(row: dict[str, Any]) -> Said:
    settings: Settings = current_app.config["RELEVO"]
    undo_id = row.get("undo_id")
    undo_url = url_for("triage.undo", activity_id=undo_id) if undo_id else None
    return Said(str(row["text"]), undo_url, settings.pace.undo_seconds, bool(row.get("is_bad")))


def set_up(app: Flask) -> None:
    """Give templates the shell and our words."""
    app.before_request(_forget)
    app.context_processor(_for_templates)
    app.jinja_env.globals.update(
        initials=looks.initials,
        hue=looks.hue,
        marked=looks.marked,
        longest_shown=looks.LONGEST_SHOWN,
        most_wordings=looks.MOST_WORDINGS,
        flowing=looks.flowing,
        isolated=looks.isolated,
        options=looks.options,
        icon=marks.icon,
        same_for_all=marks.same_for_all,
        at=marks.at,
        wait_of=marks.wait_of,
        due_of=marks.due_of,
        differences=differences,
        host_of=looks.host_of,
        person_word=words.person_word,
        platform_word=words.platform_word,
        platform_mark=words.platform_mark,
        kind_word=words.kind_word,
        attached_word=words.attached_word,
        audience_word=words.audience_word,
        status_word=words.status_word,
        priority_word=words.priority_word,
        settled_words=words.settled_words,
        awaits_words=words.awaits_words,
        gone_words=words.gone_words,
        mode_word=words.mode_word,
        to_json=json.dumps,
        rows_html=rows_html,
        entries_html=entries_html,
    )


def _forget() -> None:
    g.pop("view_counts", None)
    g.pop("sight", None)
    g.pop("warnings", None)


def _for_templates() -> dict[str, object]:
    member = find_member()
    return {"shell": Shell(member) if member else None, "get_locale": get_locale}
