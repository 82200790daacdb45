"""Small things that a page shows by the hundred, made without a template: icons, and times as elements."""

from datetime import datetime
from functools import lru_cache

from markupsafe import Markup

from inbox.addresses import static_url
from inbox.languages import format_datetime
from inbox.languages import gettext as _

_ICON = Markup('<svg class="i{}" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"></use></svg>')
_AT = Markup('<time datetime="{}" data-form="{}">{}</time>')
_WAIT = Markup('<time class="wait" datetime="{}" data-form="wait">{}</time>')


def icon(name: str, big: bool = False) -> Markup:
    """Return an icon of the sprite; decorative, the words beside it say what it means."""
    return _icon(static_url("vendor/icons.svg"), name, big)


@lru_cache(maxsize=500)
def _icon(sprite: str, name: str, big: bool) -> Markup:
    return _ICON.format(" big" if big else "", sprite, name)


def at(time: datetime, form: str = "at") -> Markup:
    """Return a time, which the browser words in the viewer's zone; without scripts it reads in the member's."""
    return _AT.format(time.isoformat(), form, format_datetime(time, "short"))


def wait_of(since: datetime) -> Markup:
    """Return since when somebody waits; the browser says how long that is."""
    return _WAIT.format(since.isoformat(), _("waits since %(time)s", time=format_datetime(since, "short")))
