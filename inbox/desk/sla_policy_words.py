"""SLA policies in words: what each promises to whom, what was done to them, and what they would make of a comment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import ngettext

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.desk.sla_policy_form import Choices
from inbox.languages import format_datetime, zone
from inbox.languages import gettext as _
from inbox.oncall.moments import local, moment
from inbox.sla import deadlines
from inbox.sla.deadlines import AFTER, BEFORE
from inbox.sla.models import SlaPolicyVersion

DAY_AND_TIME = "EEE d MMM y HH:mm"
_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True)
class Preview:
    """What would become of a comment of a given moment."""

    asked_at: datetime
    due_at: datetime | None
    warnings: tuple[datetime, ...]

    @property
    def sentence(self) -> str:
        """Say when it would be due."""
        if self.due_at is None:
            return _("A comment of %(time)s would never be due: the calendar is hardly ever open.", time=self._asked)
        return _("A comment of %(time)s would be due %(due)s.", time=self._asked, due=written(self.due_at))

    @property
    def warning_sentence(self) -> str:
        """Say when it would be warned of; empty for never."""
        if not self.warnings:
            return ""
        return _("Warnings: %(times)s", times=", ".join(written(at) for at in self.warnings))

    @property
    def _asked(self) -> str:
        return written(self.asked_at)


def foretell(asked_at: datetime, promise: deadlines.Promise) -> Preview:
    """Return what a promise makes of a comment."""
    due_at = deadlines.due_at(asked_at, promise)
    warnings = deadlines.list_warnings(asked_at, due_at, promise) if due_at else ()
    return Preview(asked_at, due_at, warnings)


def read_moment(text: str, now: datetime) -> datetime:
    """Return the moment at which the viewer's clock shows what a field for date and time holds; else now."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        return now
    if wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
        return now
    return moment(wall.date(), wall.hour * 60 + wall.minute, zone())


def field_moment(at: datetime) -> str:
    """Write a moment as a field for date and time holds it, by the viewer's clock."""
    return local(at, zone()).strftime("%Y-%m-%dT%H:%M")


def written(at: datetime) -> str:
    """Write a moment with its weekday, by the viewer's clock."""
    return format_datetime(at.astimezone(UTC), DAY_AND_TIME)


def length(seconds: float) -> str:
    """Write a length: 3 days, 24 h, 1 h 30 min, 45 min."""
    if seconds >= 2 * _DAY and seconds % _DAY == 0:
        return str(ngettext("%(num)s day", "%(num)s days", int(seconds // _DAY)))
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def warning_words(one: Mapping[str, float]) -> str:
    """Say when a warning comes."""
    ((kind, value),) = one.items()
    if kind == BEFORE:
        return _("%(length)s before", length=length(value))
    if kind == AFTER:
        return _("%(length)s after", length=length(value))
    return _("at %(percent)s %% of the time", percent=f"{value:g}")


def warnings_sentence(version: SlaPolicyVersion) -> str:
    """Say when people are warned."""
    return ", ".join(warning_words(one) for one in version.warnings) or _("none")


def target_sentence(version: SlaPolicyVersion, calendar: str) -> str:
    """Say what is promised, and by which clock."""
    if version.calendar_version_id is None:
        return _("Within %(length)s, around the clock", length=length(version.target_seconds))
    return _("Within %(length)s of %(calendar)s", length=length(version.target_seconds), calendar=calendar)


def fit_sentences(version: SlaPolicyVersion, choices: Choices) -> list[str]:
    """Say to which conversations a policy applies: one sentence for each thing that it asks for."""
    asked = (
        (_("Channels"), _named(version.channel_ids, choices.channels)),
        (_("Teams"), _named(version.team_ids, choices.teams)),
        (_("Priority"), ", ".join(choices.priorities.get(name, name) for name in version.priorities)),
        (_("Labels"), _named(version.label_ids, choices.labels)),
    )
    return [f"{word}: {names}" for word, names in asked if names] or [_("Every conversation")]


def escalation_words(version: SlaPolicyVersion, choices: Choices) -> str:
    """Name whom alerts go to."""
    if version.escalation_policy_id is None:
        return _("as all alerts do")
    return choices.escalations.get(version.escalation_policy_id, _("another team's policy"))


def done_sentence(row: Activity, names: Mapping[int, str], policies: Mapping[int, str]) -> str:
    """Say what was done to a policy, and by whom; `policies`: their names as they are now."""
    who = names.get(row.member_id or 0, "Relevo")
    after, before = row.after or {}, row.before or {}
    name = after.get("name") or policies.get(int(after.get("sla_policy_id", 0)), _("an archived policy"))
    values = {"who": who, "name": str(name)}
    if row.kind == kinds.SLA_POLICY_SAVED:
        return _("%(who)s changed %(name)s", **values) if before else _("%(who)s made %(name)s", **values)
    if row.kind == kinds.SLA_POLICY_MOVED:
        is_up = int(after.get("position", 0)) < int(before.get("position", 0))
        return _("%(who)s moved %(name)s up", **values) if is_up else _("%(who)s moved %(name)s down", **values)
    if row.kind == kinds.SLA_POLICY_ARCHIVED:
        return _("%(who)s archived %(name)s", **values)
    return _("Running timers were brought to %(name)s", name=values["name"])


def _named(ids: Sequence[int], names: Mapping[int, str]) -> str:
    """List what the member may know by name, and say how many there are besides."""
    known = [names[number] for number in ids if number in names]
    if rest := len(ids) - len(known):
        known.append(str(ngettext("%(num)s that you don't see", "%(num)s that you don't see", rest)))
    return ", ".join(known)
