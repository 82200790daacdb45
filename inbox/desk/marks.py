"""Small things that a page shows by the hundred, made without a template, and what is the same on all pages."""

from datetime import datetime
from functools import lru_cache

from flask import current_app, request
from jinja2 import Template
from markupsafe import Markup, escape

from inbox.addresses import static_url
from inbox.languages import format_datetime, language
from inbox.languages import gettext as _

_ICON = Markup('<svg class="i{}" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"></use></svg>')


def icon(name: str, big: bool = False) -> Markup:
    """Return an icon of the sprite; decorative, the words beside it say what it means."""
    return _icon(static_url("vendor/icons.svg"), name, big)


@lru_cache(maxsize=500)
def _icon(sprite: str, name: str, big: bool) -> Markup:
    return _ICON.format(" big" if big else "", sprite, name)


def at(time: datetime, form: str = "at") -> Markup:
    """Return a time, which the browser words in the viewer's zone; without scripts it reads in the member's."""
    written = escape(format_datetime(time, "short"))
    return Markup(f'<time datetime="{time.isoformat()}" data-form="{escape(form)}">{written}</time>')  # noqa: S704


def wait_of(since: datetime) -> Markup:
    """Return since when somebody waits; the browser says how long that is."""
    said = escape(_("waits since %(time)s", time=format_datetime(since, "short")))
    return Markup(f'<time class="wait" datetime="{since.isoformat()}" data-form="wait">{said}</time>')  # noqa: S704


def due_of(due_at: datetime, soon_at: datetime, state: str) -> Markup:
    """Return when an answer is due; the browser says how much of that is left, and marks it soon or late in time."""
    time = format_datetime(due_at, "short")
    said = escape(_("was due %(time)s", time=time) if state == "late" else _("due %(time)s", time=time))
    times = f'datetime="{due_at.isoformat()}" data-soon="{soon_at.isoformat()}"'
    return Markup(f'<time class="wait due {escape(state)}" {times} data-form="due">{said}</time>')  # noqa: S704


def same_for_all(name: str) -> Markup:
    """Return a part of a page that is the same for everybody who reads it in one language; remembered."""
    return _same(current_app.jinja_env.get_template(name), request.script_root, language())


@lru_cache(maxsize=20)
def _same(template: Template, _root: str, _language: str) -> Markup:
    return Markup(template.render())  # noqa: S704  # escaped by the template
