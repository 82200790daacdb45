"""Public holidays of a country and its region, as the library `holidays` knows them; it is loaded at first use."""

from datetime import date
from functools import lru_cache
from types import ModuleType
from typing import Any

from inbox.calendars.models import Source
from inbox.calendars.plan import Day
from inbox.errors import Invalid

YEARS_AHEAD = 2  # besides the present one


def _library() -> ModuleType:
    import holidays  # a fifth of a second and 20 MB, which only those who edit a calendar need

    return holidays


@lru_cache(maxsize=1)
def list_countries() -> tuple[str, ...]:
    """Return the ISO codes of the countries whose holidays are known."""
    return tuple(sorted(_library().list_supported_countries(include_aliases=False)))


@lru_cache(maxsize=64)
def list_regions(country: str) -> tuple[tuple[str, str], ...]:
    """Return the code and the name of each region of a country that has holidays of its own."""
    if country not in list_countries():
        return ()
    kind = _kind(country)
    names: dict[str, str] = {}
    for name, code in kind.subdivisions_aliases.items():
        names.setdefault(code, name)
    return tuple(sorted(((code, names.get(code, code)) for code in kind.subdivisions), key=lambda one: one[1]))


def check_place(country: str, region: str) -> None:
    """Check that the holidays of this place are known; raises Invalid."""
    if country and country not in list_countries():
        raise Invalid("country_not_known", country=country)
    if region and region not in dict(list_regions(country)):
        raise Invalid("region_not_known", region=region)


@lru_cache(maxsize=64)
def find_holidays(country: str, region: str, first_year: int, last_year: int) -> tuple[Day, ...]:
    """Return the public holidays of these years by date, named in the country's own language. Raises Invalid."""
    check_place(country, region)
    if not country:
        return ()
    found: Any = _library().country_holidays(
        country,
        subdiv=region or None,
        years=range(first_year, last_year + 1),
        expand=False,
        language=_kind(country).default_language,
    )
    days: list[tuple[date, str]] = sorted(found.items())
    return tuple(Day(day, name.replace(";", ",")[:120], Source.HOLIDAYS) for day, name in days)


def _kind(country: str) -> Any:
    return getattr(_library(), country)
