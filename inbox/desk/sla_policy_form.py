"""The form of an SLA policy, read from what was posted, whatever that is, and given back as it was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flask import request
from sqlalchemy.orm import Session

from inbox.calendars.queries import list_calendars
from inbox.conversations.labels import list_labels
from inbox.desk.words import platform_word, priority_word
from inbox.errors import Invalid
from inbox.escalation.access import list_led_teams
from inbox.escalation.access import list_policies as list_escalations
from inbox.members import forms
from inbox.members.models import Member
from inbox.numbers import read_number
from inbox.sla.access import list_led_channels
from inbox.sla.deadlines import AFTER, BEFORE, PERCENT
from inbox.sla.models import SlaPolicyVersion
from inbox.sla.saving import MOST_NAMED, MOST_WARNINGS, PRIORITIES, Wanted

MOST_LABELS = 200
# What a warning's number may mean: which of a version's kinds, and how many seconds (or per cent) one is.
UNITS = {
    "minutes_before": (BEFORE, 60),
    "hours_before": (BEFORE, 3600),
    "percent": (PERCENT, 1),
    "minutes_after": (AFTER, 60),
    "hours_after": (AFTER, 3600),
}
_LONGEST_NUMBER = 10
NAMED = ("channel_ids", "team_ids", "label_ids")


@dataclass(frozen=True)
class WarningForm:
    """One warning as typed: a number and what it means."""

    amount: str = ""
    unit: str = "minutes_before"


@dataclass(frozen=True)
class PolicyForm:
    """A policy as the form has it; ids are texts, as they were posted."""

    name: str = ""
    hours: str = "24"
    minutes: str = "0"
    calendar_id: str = ""
    escalation_policy_id: str = ""
    is_paused_by_snooze: bool = False
    channel_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    warnings: tuple[WarningForm, ...] = ()
    seen_version: int = 0
    asked_at: str = ""  # the time of the comment that the preview is about

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Every field with its value, for a page that only asks whether to go on."""
        single = ("name", "hours", "minutes", "calendar_id", "escalation_policy_id", "seen_version")
        found = [(name, str(getattr(self, name))) for name in single]
        for name in (*NAMED, "priorities"):
            found += [(name, value) for value in getattr(self, name)]
        for one in self.warnings:
            found += [("warning_amount", one.amount), ("warning_unit", one.unit)]
        return [*found, *([("is_paused_by_snooze", "1")] if self.is_paused_by_snooze else [])]


@dataclass(frozen=True)
class Choices:
    """What a member may name in a policy, by id; `calendars` with the version that holds now."""

    channels: Mapping[int, str]
    teams: Mapping[int, str]
    labels: Mapping[int, str]
    escalations: Mapping[int, str]
    calendars: Mapping[int, str]
    calendar_versions: Mapping[int, int]
    priorities: Mapping[str, str] = field(default_factory=dict)

    def calendar_of(self, version_id: int | None) -> int | None:
        """Return whose current version this is; None for that of no calendar, and for an older one."""
        return next((number for number, current in self.calendar_versions.items() if current == version_id), None)


def list_choices(session: Session, member: Member) -> Choices:
    """Return what a member may name."""
    calendars = list_calendars(session)
    return Choices(
        channels={
            one.id: f"{one.display_name or one.handle} · {platform_word(one.platform)}"
            for one in list_led_channels(session, member)
        },
        teams={one.id: one.name for one in list_led_teams(session, member)},
        labels={one.id: one.name for one in list_labels(session, member.id, limit=MOST_LABELS)},
        escalations={one.id: one.name for one in list_escalations(session, member)},
        calendars={one.calendar.id: one.calendar.name for one in calendars},
        calendar_versions={one.calendar.id: one.version.id for one in calendars},
        priorities={name: priority_word(name) for name in PRIORITIES},
    )


def form_of(version: SlaPolicyVersion, calendar_id: int | None) -> PolicyForm:
    """Return a saved policy as a form; `calendar_id`: whose version it counts by."""
    minutes = version.target_seconds // 60
    return PolicyForm(
        name=version.name,
        hours=str(minutes // 60),
        minutes=str(minutes % 60),
        calendar_id=str(calendar_id or ""),
        escalation_policy_id=str(version.escalation_policy_id or ""),
        is_paused_by_snooze=version.is_paused_by_snooze,
        channel_ids=tuple(map(str, version.channel_ids)),
        team_ids=tuple(map(str, version.team_ids)),
        label_ids=tuple(map(str, version.label_ids)),
        priorities=tuple(version.priorities),
        warnings=tuple(_warning_form(one) for one in version.warnings),
        seen_version=version.number,
    )


def read_form() -> PolicyForm:
    """Read what was posted, whatever it is."""
    amounts = request.form.getlist("warning_amount")[: MOST_WARNINGS + 1]
    units = request.form.getlist("warning_unit")
    return PolicyForm(
        name=forms.text("name"),
        hours=forms.text("hours", _LONGEST_NUMBER),
        minutes=forms.text("minutes", _LONGEST_NUMBER),
        calendar_id=forms.text("calendar_id", 20),
        escalation_policy_id=forms.text("escalation_policy_id", 20),
        is_paused_by_snooze=forms.is_ticked("is_paused_by_snooze"),
        warnings=tuple(
            WarningForm(amount.replace("\0", "").strip()[:_LONGEST_NUMBER], units[place] if place < len(units) else "")
            for place, amount in enumerate(amounts)
        ),
        seen_version=read_number(forms.text("seen_version")) or 0,
        asked_at=forms.text("asked_at", 40),
        **{name: _given(name) for name in (*NAMED, "priorities")},
    )


def rearranged(form: PolicyForm, act: str) -> PolicyForm:
    """Return the form after one of its buttons: add, remove:1; anything else changes nothing."""
    word, _, place_text = act.partition(":")
    warnings, place = list(form.warnings), read_number(place_text)
    if word == "add" and len(warnings) < MOST_WARNINGS:
        warnings.append(WarningForm("30"))
    elif word == "remove" and place is not None and place < len(warnings):
        del warnings[place]
    return replace(form, warnings=tuple(warnings))


def wanted(form: PolicyForm, choices: Choices, current: SlaPolicyVersion | None) -> Wanted:
    """Return the policy that the form asks for; raises Invalid where it names what its member may not name.

    What the policy names already may stay: channels, teams and labels of others as well.
    """
    escalation_id = _optional(form.escalation_policy_id, "escalation_not_found")
    kept: dict[str, list[int]] = {name: getattr(current, name) if current else [] for name in NAMED}
    kept_escalation = current.escalation_policy_id if current else None
    if escalation_id is not None and escalation_id not in choices.escalations and escalation_id != kept_escalation:
        raise Invalid("escalation_not_found")
    return Wanted(
        name=form.name,
        target_seconds=_number(form.hours or "0") * 3600 + _number(form.minutes or "0") * 60,
        calendar_version_id=_calendar_version(form, choices),
        warnings=_warnings(form.warnings),
        channel_ids=_named(form.channel_ids, {*choices.channels, *kept["channel_ids"]}, "channel_not_found"),
        team_ids=_named(form.team_ids, {*choices.teams, *kept["team_ids"]}, "team_not_found"),
        label_ids=_named(form.label_ids, {*choices.labels, *kept["label_ids"]}, "label_not_found"),
        priorities=tuple(name for name in PRIORITIES if name in form.priorities) or _unknown(form.priorities),
        is_paused_by_snooze=form.is_paused_by_snooze,
        escalation_policy_id=escalation_id,
        seen_version=form.seen_version,
    )


def _given(name: str) -> tuple[str, ...]:
    values = (value.replace("\0", "").strip()[:20] for value in request.form.getlist(name)[: MOST_NAMED + 1])
    return tuple(dict.fromkeys(value for value in values if value))


def _unknown(priorities: tuple[str, ...]) -> tuple[str, ...]:
    if priorities:
        raise Invalid("priority_unknown")
    return ()


def _calendar_version(form: PolicyForm, choices: Choices) -> int | None:
    """Return the version of the chosen calendar that holds now."""
    calendar_id = _optional(form.calendar_id, "calendar_not_found")
    if calendar_id is None:
        return None
    if calendar_id not in choices.calendar_versions:
        raise Invalid("calendar_not_found")
    return choices.calendar_versions[calendar_id]


def _named(given: Iterable[str], allowed: set[int], unknown_code: str) -> tuple[int, ...]:
    numbers = [read_number(text) for text in given]
    if not allowed.issuperset(numbers):
        raise Invalid(unknown_code)
    return tuple(sorted({number for number in numbers if number is not None}))


def _optional(text: str, unknown_code: str) -> int | None:
    if not text:
        return None
    number = read_number(text)
    if number is None:
        raise Invalid(unknown_code)
    return number


def _number(text: str) -> int:
    number = read_number(text)
    if number is None or number > 10**7:
        raise Invalid("target_out_of_range")
    return number


def _warnings(given: Iterable[WarningForm]) -> tuple[Mapping[str, float], ...]:
    """Return the warnings that have a number, none twice: before, by per cent, after."""
    found: list[tuple[str, int]] = []
    for one in given:
        if not one.amount:
            continue
        number, unit = read_number(one.amount), UNITS.get(one.unit)
        if number is None or unit is None:
            raise Invalid("warning_out_of_range")
        found.append((unit[0], number * unit[1]))
    places = {kind: place for place, kind in enumerate((BEFORE, PERCENT, AFTER))}
    order = sorted(set(found), key=lambda one: (places[one[0]], -one[1] if one[0] == BEFORE else one[1]))
    return tuple({kind: value} for kind, value in order)


def _warning_form(kept: Mapping[str, float]) -> WarningForm:
    ((kind, value),) = kept.items()
    if kind == PERCENT:
        return WarningForm(f"{value:g}", "percent")
    word = "before" if kind == BEFORE else "after"
    if value % 3600 == 0:
        return WarningForm(f"{value / 3600:g}", f"hours_{word}")
    return WarningForm(f"{value / 60:g}", f"minutes_{word}")
