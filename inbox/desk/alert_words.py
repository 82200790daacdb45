"""Alerts in words: what each is about, where it stands, and every line of its log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from inbox.alerts.models import TOLD_ONCE, Alert, AlertEvent, AlertState, EventKind
from inbox.escalation.notices import Facts, count_waiting, subject
from inbox.escalation.trial import VIA
from inbox.languages import format_datetime, language
from inbox.members.models import Member

NAMED = ("webhook", "rotation", "team")  # what a line of the log may be about that is no member


@dataclass(frozen=True)
class AlertShown:
    """An alert as pages show it."""

    id: int
    sentence: str
    state: str
    state_words: str
    raised_at: datetime
    first_due_at: datetime | None
    can_take: bool


@dataclass(frozen=True)
class EventShown:
    """A line of an alert's log."""

    at: datetime
    sentence: str
    ways: tuple[str, ...]


def show_alert(alert: Alert, channel_name: str, names: Mapping[int, str]) -> AlertShown:
    """Put an alert into words; `names` are members' by id."""
    return AlertShown(
        id=alert.id,
        sentence=alert_sentence(alert, channel_name),
        state=alert.state,
        state_words=state_words(alert, names),
        raised_at=alert.raised_at,
        first_due_at=alert.first_due_at,
        can_take=alert.state in (AlertState.TRIGGERED, AlertState.UNREACHABLE),
    )


def alert_sentence(alert: Alert, channel_name: str) -> str:
    """Say what an alert is about, as those who are told of it read it."""
    count = alert.gathered_count if alert.state == AlertState.CLOSED else count_waiting(alert) or alert.gathered_count
    facts = Facts(
        alert.id, alert.kind, channel_name, count, alert.first_due_at, alert.is_urgent, False, about=alert.about
    )
    return subject(facts, language())


def state_words(alert: Alert, names: Mapping[int, str]) -> str:
    """Say where an alert stands."""
    if alert.state == AlertState.CLOSED:
        return str(_("over"))
    if alert.state == AlertState.ACKNOWLEDGED:
        who = names.get(alert.acknowledged_by_id or 0, "")
        until = format_datetime(alert.acknowledged_until_at, "short") if alert.acknowledged_until_at else ""
        return str(_("%(who)s has it, until %(time)s", who=who, time=until))
    if alert.state == AlertState.UNREACHABLE:
        is_unanswered = alert.unreachable_why == "unanswered"
        return str(_("nobody answered") if is_unanswered else _("nobody could be reached"))
    if alert.kind in TOLD_ONCE:
        return str(_("told"))
    return str(_("nobody has it yet"))


def event_sentence(event: AlertEvent, member: Member | None, names: Mapping[tuple[str, int], str]) -> str:
    """Say what one line of the log tells; `names` are those of webhooks, rotations and teams, by kind and id."""
    named = (names.get((kind, int(event.detail[kind]))) for kind in NAMED if kind in event.detail)
    who = member.name if member else next(filter(None, named), str(_("a webhook")))
    return _WORDERS[EventKind(event.kind)](event, who)


def _raised(event: AlertEvent, _who: str) -> str:
    return str(_("Raised, urgent") if event.detail.get("is_urgent") else _("Raised"))


def _joined(event: AlertEvent, _who: str) -> str:
    return str(ngettext("%(num)s more joined", "%(num)s more joined", int(event.detail.get("count", 1))))


def _told(event: AlertEvent, who: str) -> str:
    if event.detail.get("via") == VIA:
        return str(_("%(who)s tries it: %(who)s alone is being told", who=who))
    if event.detail.get("is_rehearsal"):
        step = event.step or 1
        return str(_("Step %(step)s: %(who)s would be told, if this were real", step=step, who=who))
    via = {
        "assignee": _("assigned to them"),
        "team_leads": _("lead"),
        "all_leads": _("lead"),
        "admins": _("admin"),
        "rotation": _("on call"),
        "team": _("in the team"),
    }.get(str(event.detail.get("via")))
    if event.step and via:
        return str(_("Step %(step)s: %(who)s is being told (%(via)s)", step=event.step, who=who, via=via))
    if event.step:
        return str(_("Step %(step)s: %(who)s is being told", step=event.step, who=who))
    return str(_("%(who)s is being told", who=who))


def _passed(event: AlertEvent, who: str) -> str:
    step = event.step or 1
    sentences = {
        "failed": _("%(who)s was passed: every way to reach them failed", who=who),
        "alerts_only": _("%(who)s was passed: they want to hear of alerts alone, not of warnings", who=who),
        "nobody_on": _("Passed at once: nobody is on call in %(who)s", who=who),
        "nobody_in": _("Passed at once: nobody is in the team %(who)s", who=who),
        "left": _("Passed at once: %(who)s has left", who=who),
        "nobody": _("Step %(step)s was passed at once: nobody is meant by it now", step=step),
    }
    no_method = _("%(who)s was passed: no verified way to reach them", who=who)
    return str(sentences.get(str(event.detail.get("why")), no_method))


def _unreachable(event: AlertEvent, _who: str) -> str:
    if event.detail.get("why") == "unanswered":
        return str(_("Every step was taken and nobody took it: shown to everybody, and tried every five minutes"))
    return str(_("Nobody could be reached: shown to everybody, and tried every five minutes"))


def _acknowledged(event: AlertEvent, who: str) -> str:
    is_link = event.detail.get("by") == "link"
    return str(_("%(who)s took it, by the link", who=who) if is_link else _("%(who)s took it, in the browser", who=who))


def _closed(event: AlertEvent, who: str) -> str:
    sentences = {
        "over": _("Over: nobody waits any more"),
        "taken": _("Over: %(who)s took it", who=who),
        "told": _("Over: it was told"),
        "mended": _("Over: it works again"),
        "came_true": _("Over: the time ran out, and another alert goes on"),
    }
    return str(sentences.get(str(event.detail.get("why")), _("Over")))


def _until(event: AlertEvent) -> str:
    return format_datetime(datetime.fromisoformat(str(event.detail["until"])), "short")


_WORDERS: dict[EventKind, Callable[[AlertEvent, str], str]] = {
    EventKind.RAISED: _raised,
    EventKind.JOINED: _joined,
    EventKind.URGENT: lambda _event, _who: str(_("Became urgent")),
    EventKind.TOLD: _told,
    EventKind.REACHED: lambda _event, who: str(_("%(who)s was reached", who=who)),
    EventKind.PASSED: _passed,
    EventKind.ASLEEP: lambda event, who: str(
        _("%(who)s sleeps and is not woken for this, until %(time)s", who=who, time=_until(event))
    ),
    EventKind.HELD: lambda event, _who: str(_("Everybody sleeps: it waits until %(time)s", time=_until(event))),
    EventKind.LAST_RESORT: lambda _event, _who: str(_("The last resort is being told")),
    EventKind.UNREACHABLE: _unreachable,
    EventKind.ACKNOWLEDGED: _acknowledged,
    EventKind.RESUMED: lambda _event, _who: str(_("Still there: the steps go on")),
    EventKind.CLOSED: _closed,
}


def way_words(kind: str, state: str, is_resent: bool) -> str:
    """Say by what somebody was told, and what became of it."""
    kinds = {
        "email": _("e-mail"),
        "webhook": _("webhook"),
        "sms": _("text message"),
        "voice": _("telephone call"),
        "browser": _("browser"),
        "last_resort": _("last resort"),
    }
    said = str(kinds.get(kind, kind.replace("_", " ").capitalize()))
    became = {
        "sent": _("arrived"),
        "refused": _("failed"),
        "gone": _("failed"),
        "merged": _("went along with another"),
        "cancelled": _("no longer needed"),
        "held": _("held"),
    }.get(state, _("on its way"))
    twice = f", {_('may arrive twice')}" if is_resent else ""
    return f"{said}: {became}{twice}"
