"""The page of one calendar: its form, the preview, what is proposed, its feed, its history."""

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any
from zoneinfo import available_timezones

from flask import render_template
from sqlalchemy import select

from inbox import clock
from inbox.calendars import proposals
from inbox.calendars.hours import CLOSED
from inbox.calendars.models import Source
from inbox.calendars.plan import Plan, read_plan
from inbox.calendars.public_holidays import list_regions
from inbox.calendars.queries import Current, list_versions
from inbox.database import db
from inbox.desk import calendar_words
from inbox.desk.calendar_forms import Typed, key_of
from inbox.errors import RelevoError
from inbox.languages import gettext as _
from inbox.members.models import Member
from inbox.sentences import SENTENCES, sentence, sentence_of

SHOWN_VERSIONS = 20


@dataclass(frozen=True)
class VersionShown:
    """A version in words; `by` None: it was made without a member."""

    number: int
    by: str | None
    at: datetime
    changes: list[str]


@dataclass(frozen=True)
class ProposalShown:
    """A proposal in words."""

    id: int
    word: str
    changes: list[str]


def render(
    current: Current | None,
    plan: Plan | None,
    typed: Typed,
    *,
    seen: int | None = None,
    error: RelevoError | None = None,
    feed_error: RelevoError | None = None,
) -> str:
    """Render the form; `plan` None: what was typed can't be used, so the dates are those of the saved version."""
    saved = read_plan(current.version.plan) if current else None
    shown = plan or saved or Plan("UTC", (CLOSED,) * 7)
    due, preview_error = _preview(plan, typed)
    return render_template(
        "calendars/edit.html",
        current=current,
        version=seen or (current.version.version if current else 0),
        typed=typed,
        plan=shown,
        found=_found(shown),
        key_of=key_of,
        words=calendar_words,
        regions=list_regions(typed.country),
        zones=sorted(available_timezones()),
        due=due,
        preview_error=preview_error,
        error=sentence_of(error) if error else "",
        feed_error=_feed_sentence(feed_error.code, feed_error) if feed_error else "",
        feed_trouble=_trouble(current),
        waiting=_waiting(current.calendar.id, saved) if current and saved else [],
        history=_history(current.calendar.id) if current else [],
    )


def _found(plan: Plan) -> list[Any]:
    days = [one for source in (Source.HOLIDAYS, Source.FEED) for one in calendar_words.coming_days(plan, source)]
    return sorted(days, key=lambda one: one.day)


def _preview(plan: Plan | None, typed: Typed) -> tuple[list[calendar_words.Due], str]:
    if plan is None:
        return [], ""
    try:
        return calendar_words.preview(plan, typed.arrival_at(), typed.target_hours), ""
    except RelevoError as error:
        return [], sentence_of(error)


def _waiting(calendar_id: int, saved: Plan) -> list[ProposalShown]:
    today = clock.now().date()
    shown = []
    for row in proposals.list_open(db.session(), calendar_id):
        word = _("The feed has changed") if row.source == Source.FEED else _("Holidays of the coming years")
        shown.append(ProposalShown(row.id, word, calendar_words.changes(saved, proposals.merge(saved, row, today))))
    return shown


def _history(calendar_id: int) -> list[VersionShown]:
    rows = list_versions(db.session(), calendar_id, SHOWN_VERSIONS + 1)
    ids = {row.member_id for row in rows if row.member_id is not None}
    names = {one.id: one.name for one in db.session.execute(select(Member.id, Member.name).where(Member.id.in_(ids)))}
    shown = []
    for row, before in zip_longest(rows[:SHOWN_VERSIONS], rows[1:]):
        if row is None:
            continue
        said = calendar_words.changes(read_plan(before.plan), read_plan(row.plan)) if before else [_("Made")]
        by = names.get(row.member_id) if row.member_id is not None else None
        shown.append(VersionShown(row.version, by, row.created_at, said or [_("Another name")]))
    return shown


def _trouble(current: Current | None) -> str:
    if current is None or not current.calendar.feed_trouble:
        return ""
    return _feed_sentence(current.calendar.feed_trouble)


def _feed_sentence(code: str, error: RelevoError | None = None) -> str:
    """Say what went wrong with a feed and what to do."""
    unreached = {
        "host_not_found": _("No server has that name. Check the address."),
        "plain_http_refused": _("The address must begin with https://."),
        "address_refused": _("That address leads into a private network, where Relevo does not go."),
        "bad_address": _("That is not the address of a feed. It begins with https:// or webcal://."),
        "too_large": sentence("feed_too_large", {"most": 1024}),
        "feed_answered": _("The feed’s server refuses. Open the address in a browser to see why."),
    }
    if error is not None and code in SENTENCES:
        return sentence_of(error)
    if code in unreached:
        return unreached[code]
    return sentence(code) if code in SENTENCES else _("The feed’s server gave no usable answer. It is asked again.")
