"""Looks for what should never be: kept waits that differ from the messages, keys that do not fit, lost leases."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock, disk
from inbox.calendars.models import Calendar
from inbox.channels.credentials import unseal
from inbox.channels.models import Channel, ChannelState, ChannelStream, Credential
from inbox.conversations.doctor import list_wrong_timers, list_wrong_waiting
from inbox.conversations.settle import refresh
from inbox.conversations.threads import lock_conversation
from inbox.errors import Invalid
from inbox.intake.models import Quarantined
from inbox.notifications.queries import list_reachable
from inbox.oncall.troubles import describe_all
from inbox.outbox.models import Delivery, DeliveryState
from inbox.security import Vault
from inbox.settings import Settings
from inbox.watch.judging import Part
from inbox.watch.letters import say_time, short
from inbox.watch.queries import find_stopped


def examine(session: Session, settings: Settings, *, is_mending: bool = False) -> list[str]:
    """Return one plain line for each thing that is wrong; with `is_mending` waits are computed again."""
    return [
        *_disk(settings),
        *_waits_and_timers(session, is_mending=is_mending),
        *_credentials(session, settings),
        *_channels(session),
        *_streams(session, settings),
        *_deliveries(session, settings),
        *_quarantine(session),
        *_sweeps(session),
        *describe_all(session, clock.now(), list_reachable),
    ]


def _disk(settings: Settings) -> list[str]:
    return ["the database found no room on its disk a moment ago; free space there"] if disk.is_noted(settings) else []


def _waits_and_timers(session: Session, *, is_mending: bool) -> list[str]:
    """Name each conversation once: whose wait is wrong has a wrong timer as well."""
    found = {
        wrong.conversation_id: f"is kept as waiting since {wrong.stored}, its messages say {wrong.computed}"
        for wrong in list_wrong_waiting(session)
    }
    for timer in list_wrong_timers(session):
        found.setdefault(timer.conversation_id, timer.what)
    if is_mending:
        for conversation_id in sorted(found):
            refresh(session, lock_conversation(session, conversation_id))
    mended = ": mended" if is_mending else ""
    return [f"conversation {conversation_id} {what}{mended}" for conversation_id, what in found.items()]


def _credentials(session: Session, settings: Settings) -> list[str]:
    findings = []
    vault = Vault(settings.secret_keys, settings.read_secret_keys)
    for row in session.scalars(select(Credential)):
        try:
            unseal(vault, row.sealed)
        except Invalid:
            findings.append(f"the credential of channel {row.channel_id} can't be opened with the keys there are")
    for calendar in session.scalars(select(Calendar).where(Calendar.feed_url.is_not(None))):
        try:
            vault.open(calendar.feed_url or b"")
        except Invalid:
            findings.append(
                f"the feed of calendar {calendar.id} can't be opened with the keys there are; give it again"
            )
    return findings


def _channels(session: Session) -> list[str]:
    waiting = session.scalars(select(Channel).where(Channel.state == ChannelState.NEEDS_YOU).order_by(Channel.id))
    return [f"channel {row.id} ({row.handle}) needs somebody: {row.state_reason}; reconnect it" for row in waiting]


def _streams(session: Session, settings: Settings) -> list[str]:
    late = clock.now() - timedelta(seconds=5 * settings.pace.poll_longest_seconds)
    query = (
        select(Channel.handle, func.count())
        .join(ChannelStream, ChannelStream.channel_id == Channel.id)
        .where(Channel.state == ChannelState.ACTIVE, ChannelStream.due_at < late, ChannelStream.is_off.is_(False))
        .group_by(Channel.handle)
    )
    return [
        f"{count} streams of {handle} have not been read when they were due" for handle, count in session.execute(query)
    ]


def _deliveries(session: Session, settings: Settings) -> list[str]:
    late = clock.now() - timedelta(seconds=settings.pace.send_lease_seconds)
    stuck = (DeliveryState.SENDING, DeliveryState.QUEUED, DeliveryState.UNCLEAR)
    query = select(func.count()).where(Delivery.state.in_(stuck), Delivery.due_at < late)
    count = session.scalar(query) or 0
    return [f"{count} replies should have left or been looked for by now; is a worker running?"] if count else []


def _quarantine(session: Session) -> list[str]:
    count = session.scalar(select(func.count()).where(Quarantined.resolved_at.is_(None))) or 0
    return [f"{count} item(s) wait in quarantine; the channels' pages show them"] if count else []


_DO = {
    Part.EVERYTHING: "start beat and the workers, and look whether Redis answers",
    Part.SENDING: "start the worker that sends",
    Part.READING: "start the worker that polls",
    Part.SOME: "the workers' logs say what they fail at",
}


def _sweeps(session: Session) -> list[str]:
    found = find_stopped(session, clock.now())
    if found.part is None:
        return []
    names = ", ".join(short(one.name) for one in found.stopped)
    since = f"since {say_time(found.since_at)}" if found.since_at else "from the start"
    return [f"sweeps stand still {since} ({names}): {_DO[found.part]}"]
