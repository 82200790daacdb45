"""Escalation policies in words."""

from flask_babel import gettext as _
from flask_babel import ngettext

from inbox.desk.escalation_form import Choices
from inbox.escalation.steps import Plan, Step, Target, TargetKind


def step_sentences(plan: Plan, choices: Choices) -> list[str]:
    """Say each step, how often all are repeated, and for what somebody is woken."""
    said = [_step(step, place, choices) for place, step in enumerate(plan.steps)]
    if plan.repeat_count:
        said.append(ngettext("Then all of it once more.", "Then all of it %(num)s times more.", plan.repeat_count))
    return [*said, wakes_sentence(plan.wakes)]


def wakes_sentence(wakes: str) -> str:
    """Say for what somebody is woken at night."""
    sentences = {
        "nothing": _("At night only who is on call is told."),
        "urgent": _("At night only who is on call is told, and everybody of what is urgent."),
        "everything": _("Everybody is told at night too."),
    }
    return str(sentences.get(wakes, ""))


def target_word(target: Target, choices: Choices) -> str:
    """Name whom a step tells."""
    plain = {
        TargetKind.ASSIGNEE: _("whoever it is assigned to"),
        TargetKind.TEAM_LEADS: _("the team's leads"),
        TargetKind.ALL_LEADS: _("all leads of the channel"),
        TargetKind.ADMINS: _("all admins"),
    }
    if target.kind in plain:
        return str(plain[target.kind])
    number = target.number or 0
    gone = str(_("somebody who is not here any more"))
    if target.kind is TargetKind.MEMBER:
        return choices.members.get(number, gone)
    if target.kind is TargetKind.ROTATION:
        return str(_("who is on: %(name)s", name=choices.rotations.get(number, gone)))
    if target.kind is TargetKind.TEAM:
        return str(_("the team %(name)s", name=choices.teams.get(number, "…")))
    return str(_("the webhook at %(host)s", host=choices.webhooks.get(number, "…")))


def _step(step: Step, place: int, choices: Choices) -> str:
    whom = ", ".join(target_word(target, choices) for target in step.targets)
    minutes = round(step.wait_seconds / 60)
    if minutes == 0:
        return str(_("At once: %(whom)s", whom=whom) if place == 0 else _("At the same time: %(whom)s", whom=whom))
    return str(ngettext("After %(num)s minute: %(whom)s", "After %(num)s minutes: %(whom)s", minutes, whom=whom))
