"""Which language and zone a page is in, and its words in it: the member's choice, else what the browser asks for.

A page asks for hundreds of words, so templates get functions that cost less than flask_babel's through Jinja's: they
find the catalog by the language that is in force, which is the only thing that it depends on.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import flask_babel
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context, has_request_context, request
from flask_babel import Babel, refresh
from markupsafe import Markup

LOCALES = ("en", "es")
_MOST_TIMES = _MOST_WORDS = 2_000  # kept as written: many times over what a page shows

_catalogs: dict[str, NullTranslations] = {}


def set_up(app: Flask) -> None:
    """Let gettext answer in the language of each request."""
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=select_locale, timezone_selector=select_time_zone)
    app.before_request(refresh)  # one application context may serve several requests (tests)
    app.jinja_env.globals.update(current_locale=select_locale, get_locale=select_locale)
    app.jinja_env.globals.update(_=_marked_gettext, gettext=_marked_gettext, ngettext=_marked_ngettext)
    app.jinja_env.filters["datetimeformat"] = format_datetime


def select_locale() -> str:
    """Return the locale of this request: en or es."""
    chosen = _of_member("locale")
    if chosen in LOCALES:
        return chosen
    if not has_request_context():
        return LOCALES[0]
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]


def select_time_zone() -> str:
    """Return the zone in which this request's times are shown."""
    return _of_member("time_zone") or "UTC"


def speak_to(member: object) -> None:
    """Let this request's page be in the language and zone of whom it is made for, whoever is signed in."""
    g.spoken_to = member
    refresh()


def language() -> str:
    """Return the language in force: the request's, unless `force_locale` says another."""
    locale = getattr(_in_force(), "babel_locale", None) or flask_babel.get_locale()
    return locale.language if locale else LOCALES[0]


def zone() -> str:
    """Return the name of the zone in force."""
    return str(getattr(_in_force(), "babel_tzinfo", None) or flask_babel.get_timezone())


def _in_force() -> object:
    """Return where flask_babel keeps what it has found out for this request; None before that.

    It is asked hundreds of times a page, and flask_babel goes through four proxies each time.
    """
    return getattr(g, "_flask_babel", None) if has_app_context() else None


def gettext(text: str, **values: object) -> str:
    """Say a sentence in the language in force, as flask_babel's does."""
    said = _said(language(), text)
    return said % values if values else said


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """Say a sentence about `count` things in the language in force; `%(num)d` is their number."""
    return _catalog(language()).ungettext(one, many, count) % {"num": count, **values}


def later(text: str) -> str:
    """Mark a word of a table for the catalogs; it is translated when it is shown."""
    return text


def format_datetime(at: datetime, form: str | None = None) -> str:
    """Write a time in the language and zone in force, as flask_babel's does."""
    return _written(at, form, zone(), language())


@lru_cache(maxsize=_MOST_TIMES)
def _written(at: datetime, form: str | None, _zone: str, _language: str) -> str:
    written: str = flask_babel.format_datetime(at, form)
    return written


def _marked_gettext(text: str, /, **values: object) -> Markup:
    """Say a sentence in a template, where its values are escaped; `%` in it is always written `%%`."""
    return _marked(language(), text) % values if values else _finished(language(), text)


def _marked_ngettext(one: str, many: str, count: int, /, **values: object) -> Markup:
    return Markup(_catalog(language()).ungettext(one, many, count)) % {"num": count, **values}  # noqa: S704


@lru_cache(maxsize=_MOST_WORDS)
def _said(language: str, text: str) -> str:
    said: str = _catalog(language).ugettext(text)
    return said


@lru_cache(maxsize=_MOST_WORDS)
def _marked(language: str, text: str) -> Markup:
    return Markup(_said(language, text))  # noqa: S704  # our own words


@lru_cache(maxsize=_MOST_WORDS)
def _finished(language: str, text: str) -> Markup:
    return _marked(language, text) % {}


def _catalog(language: str) -> NullTranslations:
    """Return the catalog of the language in force; it does not change while the process lives."""
    if language not in _catalogs:
        _catalogs[language] = flask_babel.get_translations()
    return _catalogs[language]


def _of_member(name: str) -> str:
    if not has_request_context():
        return ""
    signed_in = g.get("signed_in")
    member = g.get("spoken_to") or (signed_in.member if signed_in else None)
    return getattr(member, name, None) or ""


@lru_cache(maxsize=len(LOCALES))
def words_in(language: str) -> NullTranslations:
    """Return the catalog of a language, for words that leave outside a request; English for one that we don't speak."""
    return Translations.load(Path(__file__).parent / "translations", [language if language in LOCALES else LOCALES[0]])
