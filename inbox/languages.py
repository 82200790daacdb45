"""Which language and zone a page is in: the member's choice, else what the browser asks for."""

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, refresh

LOCALES = ("en", "es")


def set_up(app: Flask) -> None:
    """Let gettext answer in the language of each request."""
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=select_locale, timezone_selector=select_time_zone)
    app.before_request(refresh)  # one application context may serve several requests (tests)
    app.jinja_env.globals.update(current_locale=select_locale, get_locale=select_locale)


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


def _of_member(name: str) -> str:
    signed_in = g.get("signed_in") if has_request_context() else None
    return getattr(signed_in.member, name, None) or "" if signed_in else ""
