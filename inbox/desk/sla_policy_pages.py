"""What the pages of SLA policies show, read from several subjects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import render_template
from sqlalchemy.orm import Session

from inbox import clock
from inbox.desk.alert_pages import member_names
from inbox.desk.sla_effects import list_done, progress_sentence, share_looked
from inbox.desk.sla_policy_form import Choices, PolicyForm, WarningForm, form_of, list_choices, wanted
from inbox.desk.sla_policy_words import (
    Preview,
    done_sentence,
    escalation_words,
    field_moment,
    fit_sentences,
    foretell,
    length,
    read_moment,
    target_sentence,
    warnings_sentence,
)
from inbox.errors import Invalid, RelevoError
from inbox.members.models import Member
from inbox.sentences import sentence_of
from inbox.sla import saving
from inbox.sla.access import list_seen, may_edit
from inbox.sla.models import Replan, SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import (
    find_calendar,
    fits_everything,
    get_version,
    is_calendar_newer,
    list_current,
    list_versions,
    promise_of,
)
from inbox.sla.replanning import list_replans

_MOST_VERSIONS = 12


@dataclass(frozen=True)
class PolicyShown:
    """A policy in words; `up_past_id`, `down_past_id`: past which one it can be moved."""

    version: SlaPolicyVersion
    target: str
    fits: Sequence[str]
    warnings: str
    escalation: str
    may_edit: bool
    is_calendar_newer: bool = False
    is_reached: bool = True
    up_past_id: int | None = None
    down_past_id: int | None = None


@dataclass(frozen=True)
class Done:
    """Something that was done to policies."""

    at: datetime
    sentence: str


@dataclass(frozen=True)
class Progress:
    """How far running timers were brought along; `share` in per cent."""

    row: Replan
    sentence: str
    share: int


def list_shown(session: Session, member: Member) -> list[PolicyShown]:
    """Return the policies that the member may know of, in order."""
    choices = list_choices(session, member)
    found = [show_policy(session, member, one, choices) for one in list_seen(session, member)]
    ids, is_reached, placed = [one.version.policy_id for one in found], True, []
    for place, one in enumerate(found):
        up = ids[place - 1] if place else None
        down = ids[place + 1] if place + 1 < len(ids) else None
        placed.append(replace(one, is_reached=is_reached, up_past_id=up, down_past_id=down))
        is_reached = is_reached and not fits_everything(one.version)
    return placed


def show_policy(session: Session, member: Member, version: SlaPolicyVersion, choices: Choices) -> PolicyShown:
    """Put a policy into words."""
    calendar = find_calendar(session, version)
    return PolicyShown(
        version=version,
        target=target_sentence(version, calendar.name if calendar else ""),
        fits=fit_sentences(version, choices),
        warnings=warnings_sentence(version),
        escalation=escalation_words(version, choices),
        may_edit=may_edit(session, member, version),
        is_calendar_newer=calendar is not None and is_calendar_newer(session, version, calendar),
    )


def list_story(session: Session, policy_ids: Iterable[int] | None) -> list[Done]:
    """Return what was done to policies last, newest first."""
    rows = list_done(session, policy_ids)
    names = member_names(session, [row.member_id for row in rows])
    policies = {row.policy_id: row.name for row in list_current(session)}
    return [Done(row.at, done_sentence(row, names, policies)) for row in rows]


def empty_form() -> PolicyForm:
    """Return the form of a new policy, filled as most begin."""
    return PolicyForm(warnings=(WarningForm("2", "hours_before"), WarningForm("30", "minutes_before")))


def current_form(session: Session, policy: SlaPolicy) -> PolicyForm:
    """Return a policy as it stands as a form."""
    version = get_version(session, policy.id, policy.version)
    calendar = find_calendar(session, version)
    return form_of(version, calendar.id if calendar else None)


def form_page(
    session: Session, member: Member, form: PolicyForm, policy: SlaPolicy | None, error: RelevoError | None = None
) -> str | tuple[str, int]:
    """Return the page with a policy's form and what it would make of a comment; with what is wrong, if anything is."""
    choices = list_choices(session, member)
    current = get_version(session, policy.id, policy.version) if policy else None
    versions = list_versions(session, policy.id, _MOST_VERSIONS) if policy else []
    replans = list_replans(session, policy.id) if policy else []
    asked_at = read_moment(form.asked_at, clock.now())
    page = render_template(
        "sla_policies/form.html",
        form=form,
        policy=policy,
        shown=show_policy(session, member, current, choices) if current else None,
        may_edit=current is None or (may_edit(session, member, current) and not (policy and policy.is_archived)),
        choices=choices,
        kept=_kept(current, choices),
        preview=_preview(session, form, choices, current, asked_at),
        asked_at=field_moment(asked_at),
        versions=versions,
        names=member_names(session, [*(one.member_id for one in versions), *(one.member_id for one in replans)]),
        replans=[Progress(one, progress_sentence(one), share_looked(one)) for one in replans],
        length=length,
        error=sentence_of(error) if error else "",
    )
    return (page, error.status) if error else page


def _preview(
    session: Session, form: PolicyForm, choices: Choices, current: SlaPolicyVersion | None, asked_at: datetime
) -> Preview | None:
    """Return what the form's values make of a comment; None while they can't be used."""
    try:
        asked = wanted(form, choices, current)
        saving.check(replace(asked, name="-"))
    except Invalid:
        return None
    return foretell(asked_at, promise_of(session, saving.as_version(asked)))


def _kept(current: SlaPolicyVersion | None, choices: Choices) -> dict[str, list[int]]:
    """Return what a policy names that the member can't choose: it stays, as hidden fields."""
    if current is None:
        return {}
    named = (
        ("channel_ids", current.channel_ids, choices.channels),
        ("team_ids", current.team_ids, choices.teams),
        ("label_ids", current.label_ids, choices.labels),
    )
    return {name: [number for number in ids if number not in known] for name, ids, known in named}
