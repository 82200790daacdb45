"""What platforms are called, on pages and wherever a channel is named: a brand has one name on all of them."""

from inbox.languages import later as _l
from inbox.languages import words_in

PLATFORMS = {
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "telegram": "Telegram",
    "generic": _l("Own bridge"),
    "sandbox_feed": _l("Sandbox feed"),
    "sandbox_pages": _l("Sandbox pages"),
}


def platform_name(platform: str, language: str) -> str:
    """Return a platform's name in a language."""
    known = PLATFORMS.get(platform)
    return words_in(language).ugettext(known) if known else platform.replace("_", " ").capitalize()


def channel_name(platform_word: str, name: str) -> str:
    """Return what a channel is called beside its platform's name."""
    return f"{platform_word} · {name}"
