"""What a failed or a good answer makes of a stream and its channel (DESIGN, promise 3; RULES E3, E4)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts.models import AlertKind
from inbox.alerts.raising import close_open, raise_
from inbox.channels import alarms, hours
from inbox.channels.gaps import after_gap
from inbox.channels.intervals import (
    after_failure_seconds,
    is_comment_stream,
    is_oddly_quiet,
    usual_gap_seconds,
)
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.channels.streams import Claim, list_streams, make_due
from inbox.platforms.contract import Malformed, PermissionMissing, PlatformError, RateLimited, TokenExpired
from inbox.platforms.outgoing import Verified
from inbox.settings import Pace

BAD_PAGES = 3
# What takes one stream away and leaves the others alone: verify switches it on again when it is offered.
ONE_STREAM_ONLY = frozenset({"permission_missing_direct", "direct_not_offered"})
SHOWN_DETAIL = 300
# It is asked again after a minute: a platform that errs for a moment calls nobody.
_TOLD_AFTER = timedelta(seconds=90)
# What only reading can mend: that the account lives says nothing about it.
MENDED_BY_READING = frozenset({"unreadable_page", "webhook_set", "other_consumer"})
# What an answer of a platform may change; paused and disconnected are a member's word, which no worker overrules.
_IN_USE = frozenset({ChannelState.ACTIVE, ChannelState.NEEDS_YOU})


def fail_poll(session: Session, claim: Claim, error: PlatformError, pace: Pace) -> None:
    """Write a failed poll on its stream and channel, and say when it is tried again.

    A dead token or a missing permission, or a page that can't be read three times, needs a person. The comments of
    one post never do: what ails the account is said by its other streams too.
    """
    stream = session.get_one(ChannelStream, claim.stream_id)
    channel = session.get_one(Channel, claim.channel_id)
    hold(session, channel)
    session.refresh(stream)
    if stream.lease_token != claim.token:
        return
    now = clock.now()
    stream.lease_token = stream.lease_until_at = None
    stream.lost_count = 0
    stream.last_polled_at = now
    if isinstance(error, RateLimited):
        _wait_for_budget(session, stream, error, now)
        return
    if error.code in ONE_STREAM_ONLY:
        _switch_off(session, stream, error)
        return
    _count_failure(stream, error, now, pace)
    channel.failing_since_at = channel.failing_since_at or now
    if is_comment_stream(stream.name):
        _tell(session, stream)
        return
    if isinstance(error, TokenExpired | PermissionMissing):
        ask_for_person(session, channel, error.code, error.detail)
    elif isinstance(error, Malformed) and stream.bad_page_count >= BAD_PAGES:
        ask_for_person(session, channel, "unreadable_page", error.detail)
    _tell(session, stream)


def _switch_off(session: Session, stream: ChannelStream, error: PlatformError) -> None:
    stream.is_off, stream.off_reason, stream.due_at = True, error.code, None
    stream.failure_code = stream.failure_detail = stream.failing_since_at = None
    _tell(session, stream)


def _count_failure(stream: ChannelStream, error: PlatformError, now: datetime, pace: Pace) -> None:
    stream.failure_count += 1
    stream.bad_page_count += isinstance(error, Malformed)
    stream.failure_code = error.code
    stream.failure_detail = error.detail[:SHOWN_DETAIL]
    stream.failing_since_at = stream.failing_since_at or now
    stream.due_at = now + timedelta(seconds=after_failure_seconds(stream.failure_count, pace))


def _wait_for_budget(session: Session, stream: ChannelStream, error: RateLimited, now: datetime) -> None:
    """Only the budget may lengthen an interval, and the channel then says so (RULES E4)."""
    stream.due_at = max(error.until_at, now + timedelta(seconds=1))
    if error.is_ours:
        return
    stream.failure_code = error.code
    stream.failure_detail = error.detail[:SHOWN_DETAIL]
    stream.failing_since_at = stream.failing_since_at or now
    _tell(session, stream)


def _tell(session: Session, stream: ChannelStream) -> None:
    after = {"stream": stream.name, "failure": stream.failure_code}
    record(session, kinds.STREAM_CHANGED, channel_id=stream.channel_id, after=after)


def stop_repeating(session: Session, claim: Claim, pace: Pace) -> None:
    """End a walk whose page came three times: begin again from the mark at the longest interval (RULES E3)."""
    stream = session.get_one(ChannelStream, claim.stream_id)
    now = clock.now()
    stream.lease_token = stream.lease_until_at = None
    stream.is_walking = False
    stream.page_repeat_count = 0
    stream.failure_count += 1
    stream.failure_code = "page_repeats"
    stream.failing_since_at = stream.failing_since_at or now
    stream.due_at = now + timedelta(seconds=pace.poll_longest_seconds)
    cursor = dict(stream.cursor or {})
    cursor.pop("walk", None)
    stream.cursor = cursor
    _tell(session, stream)


def hold(session: Session, channel: Channel) -> None:
    """Read a channel's state as it is now and hold it until the transaction ends; before its streams and threads."""
    columns = ["state", "state_reason", "state_detail", "state_since_at"]
    session.refresh(channel, columns, with_for_update={"key_share": True})


def ask_for_person(session: Session, channel: Channel, code: str, detail: str | None = None) -> None:
    """Let a channel in use say that it needs somebody; one that was paused or let go meanwhile stays so."""
    move(session, channel, ChannelState.NEEDS_YOU, reason=code, detail=detail, only_from=_IN_USE)


def move(
    session: Session,
    channel: Channel,
    state: ChannelState,
    *,
    reason: str | None = None,
    detail: str | None = None,
    member_id: int | None = None,
    only_from: Collection[ChannelState] | None = None,
) -> bool:
    """Change a channel's state and write it down; False when it stands so already, for the same reason.

    `only_from`: the states as of now, whatever was read before, from which it may go there.
    """
    hold(session, channel)
    if only_from is not None and channel.state not in only_from:
        return False
    detail = (detail or "")[:SHOWN_DETAIL] or None
    if (channel.state, channel.state_reason) == (state, reason):
        channel.state_detail = detail
        return False
    before = {"state": channel.state, "reason": channel.state_reason}
    if channel.state != state:
        channel.state_since_at = clock.now()
    channel.state, channel.state_reason, channel.state_detail = state, reason, detail
    _alert(session, channel, is_new=before["state"] != ChannelState.NEEDS_YOU)
    after = {"state": str(state), "reason": reason}
    record(session, kinds.CHANNEL_STATE, channel_id=channel.id, member_id=member_id, before=before, after=after)
    return True


def _alert(session: Session, channel: Channel, *, is_new: bool) -> None:
    """Let an alert of it reach a person for as long as a channel needs somebody (DESIGN, promise 3)."""
    now, kind = clock.now(), AlertKind.CHANNEL.value
    if channel.state != ChannelState.NEEDS_YOU:
        close_open(session, kind=kind, channel_id=channel.id, now=now, why="mended")
        return
    alert = raise_(
        session,
        kind=kind,
        channel_id=channel.id,
        escalation_policy_id=None,
        timer_id=None,
        due_at=None,
        is_urgent=False,
        now=now,
    )
    alert.about = channel.state_reason
    if is_new:
        alert.next_at = now + _TOLD_AFTER


def good_poll(session: Session, channel: Channel, new_count: int, pace: Pace) -> None:
    """Note that a stream was read without fault: a channel that failed for a passing reason delivers again."""
    now = clock.now()
    if new_count:
        if channel.last_message_at is not None:
            gap = (now - channel.last_message_at).total_seconds()
            channel.usual_gap_seconds = usual_gap_seconds(channel.usual_gap_seconds, gap)
        channel.last_message_at = now
        channel.quiet_since_at = None
    if channel.failing_since_at is None and channel.state != ChannelState.NEEDS_YOU:
        return
    main = [one for one in list_streams(session, channel.id) if not (one.is_off or is_comment_stream(one.name))]
    if all(stream.failure_code is None for stream in main):
        channel.failing_since_at = None
        hold(session, channel)
        if channel.state_reason in MENDED_BY_READING and not _comes_and_goes(channel, now, pace):
            move(session, channel, ChannelState.ACTIVE, only_from={ChannelState.NEEDS_YOU})


def _comes_and_goes(channel: Channel, now: datetime, pace: Pace) -> bool:
    """Tell whether one good poll proves little yet: where two programs read by turns, each has its own."""
    lasts = (now - channel.state_since_at).total_seconds()
    return channel.state_reason == "other_consumer" and lasts < pace.verify_seconds


def verified(session: Session, channel: Channel, found: Verified, pace: Pace) -> None:
    """Write down what `verify` found: a dead account needs a person, a living one is active again."""
    now = clock.now()
    channel.last_verified_at = now
    channel.verify_due_at = now + timedelta(seconds=pace.verify_seconds)
    if found.external_id != channel.external_id:
        ask_for_person(session, channel, "another_account", found.handle)
        return
    if not found.is_alive:
        channel.failing_since_at = channel.failing_since_at or now
        ask_for_person(session, channel, found.dead_reason or "account_dead")
        channel.verify_due_at = _verify_again_at(channel, now, pace)
        return
    hold(session, channel)
    if channel.state == ChannelState.NEEDS_YOU and channel.state_reason not in MENDED_BY_READING:
        silent_since = channel.failing_since_at or channel.state_since_at
        move(session, channel, ChannelState.ACTIVE)
        channel.failing_since_at = None
        if not after_gap(session, channel, silent_since, pace):
            make_due(session, channel.id)


def verify_failed(session: Session, channel: Channel, error: PlatformError, pace: Pace) -> None:
    """Write down that `verify` itself failed."""
    now = clock.now()
    channel.failing_since_at = channel.failing_since_at or now
    channel.verify_due_at = now + timedelta(seconds=pace.poll_idle_seconds)
    if isinstance(error, RateLimited):
        channel.verify_due_at = max(channel.verify_due_at, error.until_at)
    if isinstance(error, TokenExpired | PermissionMissing):
        ask_for_person(session, channel, error.code, error.detail)
        channel.verify_due_at = _verify_again_at(channel, now, pace)


def _verify_again_at(channel: Channel, now: datetime, pace: Pace) -> datetime:
    """Return when a channel that needs somebody is asked again: soon at first, for platforms err and take it back.

    The wait doubles, because each is as long as the need has lasted, up to the usual one: on some platforms each time
    counts against how often one may sign in.
    """
    lasts = (now - channel.state_since_at).total_seconds()
    return now + timedelta(seconds=min(max(lasts, pace.poll_idle_seconds), pace.verify_seconds))


def look_for_silence(session: Session, channel: Channel, pace: Pace) -> bool:
    """Mark a channel that is silent beyond its habit: verify, walk deep at once, and tell a person (RULES E4)."""
    now = clock.now()
    if not _is_oddly_silent(session, channel, now, pace):
        return False
    channel.quiet_since_at = now
    channel.verify_due_at = now
    make_due(session, channel.id, is_deep=True)
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, after={"quiet_since_at": now.isoformat()})
    alarms.tell_quiet(session, channel, now)
    return True


def _is_oddly_silent(session: Session, channel: Channel, now: datetime, pace: Pace) -> bool:
    """Compare with what the same hours brought in the weeks before; where these don't reach, with its longest gaps.

    They don't while fewer than two are known, nor for a silence of more than a week.
    """
    if channel.last_message_at is None or channel.quiet_since_at is not None or channel.state != ChannelState.ACTIVE:
        return False
    silence = hours.read_silence(session, channel, now, pace)
    if silence.is_odd or (silence.is_known and not silence.is_longer):
        return silence.is_odd
    return is_oddly_quiet((now - channel.last_message_at).total_seconds(), channel.usual_gap_seconds, pace)


def has_news(session: Session, channel: Channel, pace: Pace) -> bool:
    """Tell, reading only, whether `watch` would change anything."""
    now = clock.now()
    return _is_oddly_silent(session, channel, now, pace) or alarms.is_news(session, channel, now, pace)


def watch(session: Session, channel: Channel, pace: Pace) -> None:
    """Do what time alone makes of a channel: silence, failures that go on, the end of its token."""
    now = clock.now()
    hold(session, channel)
    look_for_silence(session, channel, pace)
    alarms.follow(session, channel, now, pace)
    alarms.warn_of_end(session, channel, now, pace)
