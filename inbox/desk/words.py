"""Our codes in the member's language: kinds, states, reasons, what happened."""

from flask_babel import gettext as _
from flask_babel import ngettext

PLATFORM_MARKS = {"bluesky": "b", "mastodon": "m", "sandbox_feed": "f", "sandbox_pages": "p"}


def platform_word(platform: str) -> str:
    """Return a platform's name."""
    words = {
        "bluesky": "Bluesky",
        "mastodon": "Mastodon",
        "sandbox_feed": _("Sandbox feed"),
        "sandbox_pages": _("Sandbox pages"),
    }
    return str(words.get(platform, platform.replace("_", " ").capitalize()))


def platform_mark(platform: str) -> str:
    """Return the one letter in a platform's mark; its name is said beside it."""
    return PLATFORM_MARKS.get(platform, platform[:1])


def kind_word(kind: str, is_private: bool = False) -> str:
    """Name what kind of conversation this is."""
    if is_private:
        return str(_("Private message"))
    words = {"comment": _("Comment"), "mention": _("Mention"), "direct": _("Private message"), "review": _("Review")}
    return str(words.get(kind, kind))


def audience_word(audience: str) -> str:
    """Say who can read a message on the platform; empty for what everybody can."""
    words = {
        "unlisted": _("unlisted"),
        "followers": _("followers only"),
        "direct": _("private"),
        "private": _("private"),
    }
    return str(words.get(audience, ""))


def status_word(status: str) -> str:
    """Name a conversation's status."""
    return str({"open": _("Open"), "snoozed": _("Snoozed"), "done": _("Done"), "spam": _("Spam")}.get(status, status))


def priority_word(priority: str) -> str:
    """Name a priority."""
    words = {"low": _("Low"), "normal": _("Normal"), "high": _("High"), "urgent": _("Urgent")}
    return str(words.get(priority, priority))


def settled_words(settled: str | None, why: str | None, by: str | None) -> str:
    """Say why a message waits no more."""
    if settled == "answered":
        return str(_("answered"))
    if settled == "withdrawn":
        return str(_("taken back by its author"))
    if settled != "excused":
        return ""
    words = {
        "answered_elsewhere": _("answered elsewhere"),
        "no_answer_needed": _("no answer needed"),
        "spam": _("spam"),
        "liked": _("liked, no answer needed"),
        "sibling": _("answered on another channel"),
    }
    said = str(words.get(why or "", words["no_answer_needed"]))
    return f"{said} · {by}" if by else said


def awaits_words(reason: str | None) -> str:
    """Say why a message was judged to need no answer."""
    words = {
        "emoji_only": _("needs no answer: emoji only"),
        "sticker": _("needs no answer: a sticker"),
        "only_handles": _("needs no answer: only names others"),
        "thanks": _("needs no answer: thanks"),
        "reply_to_other": _("said to somebody else"),
        "by_hand": _("waits by hand"),
        "before_import": _("from before this channel was connected"),
        "edited_after_answer": _("waits again: edited after the answer"),
    }
    return str(words.get(reason or "", ""))


def gone_words(reason: str | None, is_ours: bool) -> str:
    """Say what became of a message that is no longer there."""
    words = {
        "author": _("Deleted by its author"),
        "refused_later": _("Taken down by the platform after it was accepted"),
        "deleted": _("Deleted"),
        "misplaced": _("Removed: it had landed under the wrong message"),
    }
    return str(words.get(reason or "", words["deleted"] if is_ours else words["author"]))


def mode_word(mode: str) -> str:
    """Name a way of answering."""
    return str({"public": _("Public reply"), "private": _("Private message"), "note": _("Note")}.get(mode, mode))


def waiting_sentence(count: int, limit: int = 100) -> str:
    """Say how many people wait."""
    if count >= limit:
        return str(_("more than 99 people wait"))
    if count == 0:
        return str(_("nobody waits"))
    return str(ngettext("%(num)s person waits", "%(num)s people wait", count))


def bounded(count: int, limit: int = 100) -> str:
    """Write a bounded count: 0 as nothing, the limit as 99+."""
    if count >= limit:
        return f"{limit - 1}+"
    return str(count) if count else ""
