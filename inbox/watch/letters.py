"""What the last resort is told of the engine: whole sentences, with what to do."""

from datetime import datetime

from inbox.notifications.contract import Letter
from inbox.notifications.letters import whole
from inbox.settings import Settings
from inbox.watch.judging import Finding, Part
from inbox.watch.told import Told

# In English, as everything that the last resort is told: nobody knows who reads it.
_WHAT = {
    Part.EVERYTHING: (
        "nothing has been checked",
        "No channel is read, no reply leaves, and nobody is told of deadlines.",
    ),
    Part.SENDING: ("no reply and no alert has left", "Replies wait, and nobody is told of deadlines."),
    Part.READING: ("no channel has been read", "What people write is not seen here."),
    Part.SOME: ("a part of Relevo has stood still", "These are not done: {names}."),
}
_DO = {
    Part.EVERYTHING: "Look on the server whether beat, the workers and Redis run. ./relevo doctor says what it finds.",
    Part.SENDING: "Look on the server whether the worker `send` runs. ./relevo doctor says what it finds.",
    Part.READING: "Look on the server whether the worker `poll` runs. ./relevo doctor says what it finds.",
    Part.SOME: "Look on the server at the workers' logs. ./relevo doctor says what it finds.",
}


def stopped(settings: Settings, found: Finding, told: Told, now: datetime) -> Letter:
    """Say what stands still."""
    part = found.part or Part.SOME
    what, means = _WHAT[part]
    since = f" since {say_time(found.since_at)}" if found.since_at else " since it was started"
    means = means.format(names=", ".join(short(one.name) for one in found.stopped))
    return _letter(settings, f"Relevo: {what}{since}", (means, _DO[part]), told, now)


def no_database(settings: Settings, away_since: datetime, told: Told, now: datetime) -> Letter:
    """Say that the database can't be used: nothing is received, sent or told then."""
    lines = (
        "Nothing is received, nothing leaves, and nobody is told of deadlines.",
        "Look on the server whether the database runs and its disk has room.",
    )
    subject = f"Relevo: the database has not answered since {say_time(away_since)}"
    return _letter(settings, subject, lines, told, now)


def well(settings: Settings, told: Told, now: datetime) -> Letter:
    """Say that everything moves again."""
    when = f", as you were told on {say_time(told.told_at)}" if told.told_at else ""
    lines = (f"It stood still{when}. What fell due meanwhile is done now, longest due first.",)
    return _letter(settings, "Relevo: everything is checked again", lines, told, now, is_well=True)


def short(name: str) -> str:
    """Return a sweep's name without what all have in common."""
    return name.removeprefix("workers.")


def say_time(at: datetime) -> str:
    """Write a time for whoever reads it in whatever zone."""
    return f"{at:%d %b %Y, %H:%M} UTC"


def _letter(
    settings: Settings, subject: str, lines: tuple[str, ...], told: Told, now: datetime, *, is_well: bool = False
) -> Letter:
    noticed_at = told.noticed_at or now
    # the same for every try of one letter; what is said again after an hour is another
    which = "well" if is_well else f"{told.told_at:%H%M%S}" if told.told_at else "first"
    return Letter(
        key=f"watch.{noticed_at:%Y%m%dT%H%M%S}.{which}",
        kind="engine",
        subject=subject,
        lines=lines,
        url=whole(settings, "/alerts"),
        acknowledge_url=None,
        is_alert=not is_well,
        is_resent=told.failure is not None,
        language="en",
        at=now,
    )
