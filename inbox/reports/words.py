"""A report's numbers and codes in the member's language."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask_babel import format_date, format_decimal
from flask_babel import format_datetime as format_local
from markupsafe import Markup, escape

from inbox.languages import gettext as _
from inbox.languages import language
from inbox.languages import later as _l
from inbox.reports.figures import length_parts
from inbox.reports.rows import What

NONE = "–"
_DAYS_FROM = 2 * 24 * 60
_HOURS_FROM = 10 * 60
_WHATS = {
    What.ALL: _l("All whose answer was due"),
    What.BEGAN: _l("Began to wait"),
    What.DUE: _l("Answer was due"),
    What.IN_TIME: _l("Got it in time"),
    What.LATE: _l("Got it late"),
    What.OVERDUE: _l("Still wait"),
    What.EXCUSED: _l("Excused"),
    What.WITHDRAWN: _l("Withdrawn"),
    What.LATE_ARRIVAL: _l("Arrived late"),
    What.IMPORTED: _l("Imported"),
    What.ANSWERED: _l("Answered"),
    What.WITHIN_DAY: _l("Answered within 24 h"),
    What.WAS_PAUSED: _l("Paused for a while"),
    What.COMING: _l("Falls due"),
    What.WAITING: _l("Waits now"),
    What.OVERDUE_NOW: _l("Overdue now"),
    What.PAUSED: _l("Paused now"),
}
_DEFINITIONS = {
    What.DUE: _l("The deadline has passed, and none of what stands apart applies."),
    What.IN_TIME: _l(
        "The answer was given by the deadline, by the platform's clock, also where we learnt of it later."
    ),
    What.LATE: _l("The answer was given after the deadline."),
    What.OVERDUE: _l("The deadline has passed and nobody has answered yet."),
    What.EXCUSED: _l("Somebody of yours said that no answer was needed, or that it was answered elsewhere."),
    What.WITHDRAWN: _l("The person deleted what they had written before anybody answered."),
    What.LATE_ARRIVAL: _l("The platform showed it to us more than 15 minutes after it was written."),
    What.IMPORTED: _l("It was written before the channel was connected, or during a gap that was read afterwards."),
    What.WAS_PAUSED: _l(
        "The clock stood still while it was snoozed, as the policy says. It is in the rate with its later deadline."
    ),
    What.PAUSED: _l("The clock stands still now. There is no deadline until it runs again, so it is in no rate."),
}


def what_word(what: What) -> str:
    """Name what a number counts."""
    return _(_WHATS[what])


def definition(what: What) -> str:
    """Say what exactly a number counts."""
    return _(_DEFINITIONS[what])


def number_word(number: int) -> str:
    """Write a number as the language does."""
    return str(number) if 0 <= number < 1000 else _decimal(number, language())


@lru_cache(maxsize=2_000)
def _decimal(number: float, _language: str) -> str:
    return str(format_decimal(number))


def rate_number(rate: float | None) -> str:
    """Write a part as a number of per cent with one decimal, cut off: only all of them are 100."""
    return NONE if rate is None else _decimal(int(rate * 1000 + 1e-9) / 10, language())


def rate_word(rate: float | None) -> str:
    """Write the same with its sign."""
    return NONE if rate is None else f"{rate_number(rate)}\N{NO-BREAK SPACE}%"


def length_word(minutes: int | None) -> str:
    """Say a length as clocks do: 41 min, 2 h 10, 9 h, 3 d."""
    if minutes is None:
        return NONE
    if minutes >= _DAYS_FROM:
        return _("%(n)s d", n=length_parts(minutes)[0])
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(n)s min", n=rest)
    if hours * 60 >= _HOURS_FROM or not rest:
        return _("%(n)s h", n=hours)
    return _("%(h)s h %(m)s", h=hours, m=f"{rest:02}")


def hour_word(at: datetime, zone: ZoneInfo) -> str:
    """Write the hour of a zone's clock."""
    return f"{at.astimezone(zone):%H:%M}"


def day_word(at: datetime, zone: ZoneInfo) -> str:
    """Write a day of a zone's calendar, short."""
    return str(format_date(at.astimezone(zone).date(), "d MMM"))


def moment_word(at: datetime) -> str:
    """Write a moment in the member's zone."""
    return str(format_local(at, "short"))


def weekday_words() -> list[str]:
    """Name the days of a week, short, Monday first."""
    monday = datetime(2024, 1, 1)  # noqa: DTZ001  # only its name is used
    return [str(format_date(monday.replace(day=day), "EEE")) for day in range(1, 8)]


def range_word(days: int) -> str:
    """Name a range."""
    if days == 1:
        return _("Today")
    return _("12 months") if days == 365 else _("%(n)s days", n=days)


def linked(words: str, url: str) -> Markup:
    """Return words that lead to the rows behind them."""
    return Markup(f'<a href="{escape(url)}">{escape(words)}</a>')  # noqa: S704  # both are escaped
