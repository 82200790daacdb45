"""Bugs of clocks and alerts to plant, each in one place, and the scene that must fail with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts import links
from inbox.alerts.acknowledge import BY_LINK, acknowledge
from inbox.alerts.models import Alert, AlertKind
from inbox.alerts.raising import raise_for
from inbox.alerts.told import mark_told
from inbox.calendars.hours import ALWAYS, Hours, open_after
from inbox.conversations.models import Message
from inbox.conversations.natively import answer_natively
from inbox.database import db, set_read_only
from inbox.desk import alerts as alert_views
from inbox.errors import RelevoError
from inbox.escalation import once
from inbox.escalation.advance import claim_due
from inbox.escalation.turn import Turn
from inbox.intake import own
from inbox.notifications import letters
from inbox.replies import views as reply_views
from inbox.replies.queue import queue_reply
from inbox.settings import Pace
from inbox.sla import breaches, deadlines, policies, timers
from inbox.sla.models import Outcome, SlaPolicyVersion, Timer
from inbox.sla.policies import Facts
from inbox.sla.timers import End
from tests.scenes import test_answers, test_calendars, test_day, test_engine, test_many, test_policies, test_snooze
from tests.scenes.story import Story
from workers import alerting

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Bug:
    """The promise that is broken, how, and who must notice."""

    promise: str
    plant: Callable[[Patch, Flask], None]
    scene: Callable[[Story], None]


def _reassigned_is_done(patch: Patch, _app: Flask) -> None:
    found = timers.follow_facts

    def follow(session: Session, timer: Timer, facts: Facts, now: datetime) -> None:
        if facts.assignee_id != timer.assignee_id:
            timers.close(session, timer, End(Outcome.EXCUSED, now, now), now)
        else:
            found(session, timer, facts, now)

    patch.setattr(timers, "follow_facts", follow)


def _breach_before_alert(patch: Patch, _app: Flask) -> None:
    found = breaches._alert

    def later(session: Session, happened: Sequence[breaches.Happened], now: datetime) -> None:
        kinds = {one.timer.id: one.kind for one in happened}

        def committed(_session: Session) -> None:
            with Session(session.get_bind()) as fresh, fresh.begin():
                told = [breaches.Happened(fresh.get_one(Timer, number), kinds[number], None) for number in kinds]
                found(fresh, told, now)

        event.listen(session, "after_commit", committed, once=True)

    patch.setattr(breaches, "_alert", later)


def _get_takes(patch: Patch, app: Flask) -> None:
    found = alert_views.link

    @wraps(found)
    def link(token: str) -> Any:
        db.session.rollback()
        set_read_only(False)  # else the page could not even if it would: GET may write nothing
        opened = links.open_link(db.session(), token, clock.now())
        try:
            acknowledge(db.session(), opened.alert.id, opened.member.id, by=BY_LINK, now=clock.now(), pace=Pace())
            db.session.commit()
        except RelevoError:
            db.session.rollback()
        return found(token)

    patch.setitem(app.view_functions, "alerts.link", link)


def _snooze_ignored(patch: Patch, _app: Flask) -> None:
    found = timers.follow_facts
    patch.setattr(
        timers,
        "follow_facts",
        lambda session, timer, facts, now: found(session, timer, replace(facts, is_snoozed=False), now),
    )


def _late_is_in_time(patch: Patch, _app: Flask) -> None:
    found = timers.close

    def close(session: Session, timer: Timer, end: End, now: datetime) -> None:
        found(session, timer, replace(end, ended_at=min(end.ended_at, timer.due_at or end.ended_at)), now)

    patch.setattr(timers, "close", close)


def _warned_nobody(patch: Patch, _app: Flask) -> None:
    def tell_others(turn: Turn, _count: int, _told: object) -> bool:
        mark_told(turn.session, turn.alert, (), turn.now)
        turn.alert.step_count = turn.alert.untimed_count
        return True

    patch.setattr(once, "_tell_others", tell_others)


def _newest_version_counts(patch: Patch, _app: Flask) -> None:
    found = policies.promise_of

    def promise_of(session: Session, version: SlaPolicyVersion) -> deadlines.Promise:
        current = policies.list_current(session)
        return found(session, next((one for one in current if one.policy_id == version.policy_id), version))

    patch.setattr(policies, "promise_of", promise_of)


def _native_by_when_learnt(patch: Patch, _app: Flask) -> None:
    found = answer_natively

    def answer(session: Session, message: Message) -> None:
        message.clock_at = message.received_at
        found(session, message)

    patch.setattr(own, "answer_natively", answer)


def _claim_without_lease(patch: Patch, _app: Flask) -> None:
    found = claim_due

    def claim(session: Session, *given: Any) -> Any:
        claims = found(session, *given)
        session.execute(update(Alert).where(Alert.id.in_([one.alert_id for one in claims])).values(next_at=None))
        return claims

    patch.setattr(alerting, "claim_due", claim)


def _taken_for_ever(patch: Patch, _app: Flask) -> None:
    found = acknowledge

    def take(session: Session, alert_id: int, member_id: int, **given: Any) -> Alert:
        alert = found(session, alert_id, member_id, **given)
        alert.acknowledged_until_at = clock.now() + timedelta(days=365)
        return alert

    patch.setattr(alert_views, "acknowledge", take)


def _day_on_the_wall(patch: Patch, _app: Flask) -> None:
    found, zone = open_after, ZoneInfo("Europe/Madrid")

    def by_the_wall(at: datetime, seconds: float, hours: Hours) -> datetime | None:
        if hours is not ALWAYS:
            return found(at, seconds, hours)
        wall = at.astimezone(zone).replace(tzinfo=None) + timedelta(seconds=seconds)
        return wall.replace(tzinfo=zone).astimezone(UTC)

    patch.setattr(deadlines, "open_after", by_the_wall)


def _import_is_a_siren(patch: Patch, _app: Flask) -> None:
    patch.setattr(breaches, "_alert_of", lambda timer: AlertKind.BREACH if timer.breached_at else AlertKind.WARNING)


def _one_alert_each(patch: Patch, _app: Flask) -> None:
    found = raise_for

    def raise_each(session: Session, *, waiting: Sequence[Any], **given: Any) -> None:
        for one in waiting:
            found(session, waiting=[one], **given).open_key = None
            session.flush()

    patch.setattr(breaches, "raise_for", raise_each)


def _limits_ignored(patch: Patch, _app: Flask) -> None:
    patch.setattr("inbox.notifications.claim.earliest", lambda now, _spoken, **_: now)


def _quiet_hours_ignored(patch: Patch, _app: Flask) -> None:
    patch.setattr("inbox.notifications.claim.quiet_end", lambda *_: None)


def _leaving_is_answered(patch: Patch, _app: Flask) -> None:
    found = queue_reply

    def queue(session: Session, member: Any, conversation: Any, *given: Any, **named: Any) -> Any:
        result: Any = found(session, member, conversation, *given, **named)
        now = clock.now()
        timer = timers.find_open(session, conversation.id)
        if timer is not None:
            timers.close(session, timer, End(Outcome.MET, now, now, result.delivery.message_id, member.id), now)
            conversation.due_at = None
        return result

    patch.setattr(reply_views, "queue_reply", queue)


def _paged_unread(patch: Patch, _app: Flask) -> None:
    patch.setattr(breaches.Freshness, "up_to", lambda *_: True)


def _twice_without_a_word(patch: Patch, _app: Flask) -> None:
    found = letters.compose
    patch.setattr(letters, "compose", lambda *given, is_resent, now: found(*given, is_resent=False, now=now))


BUGS: Mapping[str, Bug] = {
    "reassigned_is_done": Bug(
        "C5: reassigning is no answer", _reassigned_is_done, test_answers.test_reassigning_is_no_answer
    ),
    "breach_before_alert": Bug(
        "F: breach, alert and activity are one transaction",
        _breach_before_alert,
        test_engine.test_a_worker_killed_while_it_writes_a_breach_down_leaves_it_to_the_next,
    ),
    "get_takes": Bug("F: GET shows, POST acknowledges", _get_takes, test_day.by_link),
    "snooze_ignored": Bug(
        "C2: sleep pauses where the policy says so",
        _snooze_ignored,
        test_snooze.test_a_policy_that_pauses_moves_the_deadline_by_the_sleep,
    ),
    "late_is_in_time": Bug(
        "C3: in time iff met at the deadline or before",
        _late_is_in_time,
        test_answers.test_a_refused_reply_stops_nothing,
    ),
    "warned_nobody": Bug(
        "F: told is whom it reached", _warned_nobody, test_engine.test_a_warning_that_reached_nobody_is_not_told
    ),
    "newest_version_counts": Bug(
        "C4: a timer keeps its policy's version",
        _newest_version_counts,
        test_policies.test_an_edit_for_new_ones_leaves_those_who_wait,
    ),
    "native_by_when_learnt": Bug(
        "C3: a native answer counts by its own time",
        _native_by_when_learnt,
        test_answers.test_an_answer_given_at_23_50_and_learnt_of_at_00_05_takes_the_breach_back,
    ),
    "claim_without_lease": Bug(
        "a lost worker's alert comes again",
        _claim_without_lease,
        test_engine.test_a_worker_killed_between_two_steps_takes_none_along,
    ),
    "taken_for_ever": Bug("F: the steps go on after half an hour", _taken_for_ever, test_day.by_page),
    "day_on_the_wall": Bug(
        "a day around the clock is 24 hours", _day_on_the_wall, test_calendars.around_the_clock("Madrid forward")
    ),
    "import_is_a_siren": Bug("C6: one summary, no siren", _import_is_a_siren, test_many.some_late_ones),
    "one_alert_each": Bug(
        "F: one alert a channel and escalation policy",
        _one_alert_each,
        test_many.test_many_breaches_are_one_alert_a_channel_and_escalation_policy,
    ),
    "limits_ignored": Bug(
        "F: one message a minute, eleven an hour",
        _limits_ignored,
        test_many.test_one_message_a_minute_eleven_an_hour_and_the_first_alert_jumps_the_queue,
    ),
    "quiet_hours_ignored": Bug(
        "F: quiet hours hold warnings",
        _quiet_hours_ignored,
        test_many.test_quiet_hours_hold_warnings_until_the_morning_and_no_alert,
    ),
    "leaving_is_answered": Bug(
        "B4: only sent stops a clock", _leaving_is_answered, test_answers.test_a_refused_reply_stops_nothing
    ),
    "paged_unread": Bug(
        "C3: the stream is read before anybody is paged",
        _paged_unread,
        test_answers.test_before_anybody_is_called_the_platform_is_asked_once_more,
    ),
    "twice_without_a_word": Bug(
        "D8: what may arrive twice says so",
        _twice_without_a_word,
        test_engine.test_a_worker_killed_after_the_provider_took_the_message_says_it_again_and_says_so,
    ),
}
