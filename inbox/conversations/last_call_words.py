"""What a last call says, on screen and where a member is reached: counts and times, nobody's name or text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from inbox.conversations.queries import COUNT_LIMIT, View
from inbox.languages import words_in
from inbox.notifications.notices import Notice
from inbox.oncall.shifts import Closing

_DAY, _FORTNIGHT = timedelta(days=1), timedelta(days=14)


@dataclass(frozen=True)
class Call:
    """What there is to say, apart from the language; `zone`: where the member is."""

    desk: str
    count: int
    closing: Closing
    zone: str
    now: datetime


def until_at(closing: Closing) -> datetime:
    """Return until when nobody is at the desk, or as far as was looked."""
    return closing.next_begins_at or closing.ends_at + _FORTNIGHT


def sentence(call: Call, language: str) -> str:
    """Say how many fall due before the next shift begins."""
    ngettext = words_in(language).ungettext
    values = {"num": f"{COUNT_LIMIT - 1}+" if call.count >= COUNT_LIMIT else str(call.count)}
    if call.closing.next_begins_at is None:
        said: str = ngettext(
            "%(num)s falls due in the next two weeks, for which no shift is planned",
            "%(num)s fall due in the next two weeks, for which no shift is planned",
            call.count,
        )
        return said % values
    said = ngettext(
        "%(num)s falls due before %(time)s, when the next shift begins",
        "%(num)s fall due before %(time)s, when the next shift begins",
        call.count,
    )
    return said % (values | {"time": time_word(call.closing.next_begins_at, call.now, call.zone, language)})


def maker(call: Call) -> Callable[[str], Notice]:
    """Return what words the notice in a language."""

    def make(language: str) -> Notice:
        _ = words_in(language).ugettext
        ends = time_word(call.closing.ends_at, call.now, call.zone, language)
        line = _("Last call: %(desk)s closes at %(time)s.") % {"desk": call.desk, "time": ends}
        args = {"view": View.DUE_TODAY.value, "until": until_at(call.closing).isoformat()}
        return Notice("summary", sentence(call, language), (line,), f"/queue?{urlencode(args)}")

    return make


def time_word(at: datetime, now: datetime, zone: str, language: str) -> str:
    """Write a time of a zone's clock, with its day where that is not within 24 hours."""
    form = "HH:mm" if at - now < _DAY else "EEE d MMM HH:mm"
    return format_datetime(at, form, tzinfo=ZoneInfo(zone), locale=language)
