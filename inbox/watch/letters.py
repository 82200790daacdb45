"""What the last resort is told of the engine: whole sentences, with what to do, in each of its languages."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from babel.dates import format_datetime

from inbox.languages import later as _l
from inbox.languages import words_in
from inbox.notifications.contract import Letter
from inbox.notifications.last_resort import BETWEEN
from inbox.notifications.letters import whole
from inbox.settings import Settings
from inbox.watch.judging import Finding, Part
from inbox.watch.told import Told

Languages = Sequence[str]
_WHAT = {
    Part.EVERYTHING: (
        _l("nothing has been checked"),
        _l("No channel is read, no reply leaves, and nobody is told of deadlines."),
    ),
    Part.SENDING: (_l("no reply and no alert has left"), _l("Replies wait, and nobody is told of deadlines.")),
    Part.READING: (_l("no channel has been read"), _l("What people write is not seen here.")),
    Part.SOME: (_l("a part of Relevo has stood still"), _l("These are not done: %(names)s.")),
}
_DO = {
    Part.EVERYTHING: _l(
        "Look on the server whether beat, the workers and Redis run. ./relevo doctor says what it finds."
    ),
    Part.SENDING: _l("Look on the server whether the worker `send` runs. ./relevo doctor says what it finds."),
    Part.READING: _l("Look on the server whether the worker `poll` runs. ./relevo doctor says what it finds."),
    Part.SOME: _l("Look on the server at the workers' logs. ./relevo doctor says what it finds."),
}
Said = tuple[str, tuple[str, ...]]  # a subject and its lines


def stopped(settings: Settings, found: Finding, told: Told, now: datetime, languages: Languages) -> Letter:
    """Say what stands still."""
    part = found.part or Part.SOME
    names = ", ".join(short(one.name) for one in found.stopped)

    def say(language: str) -> Said:
        _ = words_in(language).ugettext
        what, means = (_(text) for text in _WHAT[part])
        if found.since_at:
            subject = _("Relevo: %(what)s since %(time)s") % {"what": what, "time": say_time(found.since_at, language)}
        else:
            subject = _("Relevo: %(what)s since it was started") % {"what": what}
        return subject, (means % {"names": names}, _(_DO[part]))

    return _letter(settings, say, told, now, languages)


def no_database(settings: Settings, away_since: datetime, told: Told, now: datetime, languages: Languages) -> Letter:
    """Say that the database can't be used: nothing is received, sent or told then."""

    def say(language: str) -> Said:
        _ = words_in(language).ugettext
        time = say_time(away_since, language)
        lines = (
            _("Nothing is received, nothing leaves, and nobody is told of deadlines."),
            _("Look on the server whether the database runs and its disk has room."),
        )
        return _("Relevo: the database has not answered since %(time)s") % {"time": time}, lines

    return _letter(settings, say, told, now, languages)


def well(settings: Settings, told: Told, now: datetime, languages: Languages) -> Letter:
    """Say that everything moves again."""

    def say(language: str) -> Said:
        _ = words_in(language).ugettext
        stood = _("It stood still. What fell due meanwhile is done now, longest due first.")
        if told.told_at:
            stood = _(
                "It stood still, as you were told on %(time)s. What fell due meanwhile is done now, longest due first."
            ) % {"time": say_time(told.told_at, language)}
        return _("Relevo: everything is checked again"), (stood,)

    return _letter(settings, say, told, now, languages, is_well=True)


def short(name: str) -> str:
    """Return a sweep's name without what all have in common."""
    return name.removeprefix("workers.")


def say_time(at: datetime, language: str = "en") -> str:
    """Write a time for whoever reads it in whatever zone."""
    return f"{format_datetime(at.astimezone(UTC), 'd MMM y, HH:mm', locale=language)} UTC"


def _letter(
    settings: Settings,
    say: Callable[[str], Said],
    told: Told,
    now: datetime,
    languages: Languages,
    *,
    is_well: bool = False,
) -> Letter:
    said = [say(language) for language in languages]
    noticed_at = told.noticed_at or now
    # the same for every try of one letter; what is said again after an hour is another
    which = "well" if is_well else f"{told.told_at:%H%M%S}" if told.told_at else "first"
    return Letter(
        key=f"watch.{noticed_at:%Y%m%dT%H%M%S}.{which}",
        kind="engine",
        subject=BETWEEN.join(subject for subject, _ in said),
        lines=tuple(line for _, lines in said for line in lines),
        url=whole(settings, "/alerts"),
        acknowledge_url=None,
        is_alert=not is_well,
        is_resent=told.failure is not None,
        language=languages[0],
        at=now,
    )
