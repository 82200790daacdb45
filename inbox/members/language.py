"""In which language and zone a page is written: the member's, else the browser's."""

from pathlib import Path

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, refresh

from inbox.members.doors import SignedIn
from inbox.members.profile import LANGUAGES


def set_up(app: Flask) -> None:
    """Let pages of this app be written in English and Spanish."""
    folder = Path(__file__).resolve().parent.parent / "translations"
    babel = Babel()
    babel.init_app(
        app,
        default_translation_directories=str(folder),
        locale_selector=select_language,
        timezone_selector=select_time_zone,
    )
    app.before_request(_forget_last)


def select_language() -> str:
    """Return the language of this request: "en" or "es"."""
    signed_in = _who()
    if signed_in and signed_in.member.locale in LANGUAGES:
        return str(signed_in.member.locale)
    if not has_request_context():
        return LANGUAGES[0]
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def select_time_zone() -> str:
    """Return the IANA zone of this request's member, else UTC."""
    signed_in = _who()
    return signed_in.member.time_zone if signed_in else "UTC"


def _who() -> SignedIn | None:
    signed_in: SignedIn | None = g.get("signed_in")
    return signed_in


def _forget_last() -> None:
    refresh()  # one application context may serve several requests (tests)
