"""Our codes in the member's language: kinds, states, reasons, what happened.

A page names a hundred rows, so each word is looked up alone: the tables hold what is translated when it is shown.
What is not in its table is shown as it is.
"""

from collections.abc import Mapping

from flask_babel import ngettext

from inbox.desk.turning import balanced
from inbox.languages import gettext as _
from inbox.languages import later as _l
from inbox.platforms.names import PLATFORMS

PLATFORM_MARKS = {
    "bluesky": "b",
    "mastodon": "m",
    "telegram": "t",
    "generic": "o",
    "sandbox_feed": "f",
    "sandbox_pages": "p",
}
_KINDS = {
    "comment": _l("Comment"),
    "mention": _l("Mention"),
    "direct": _l("Private message"),
    "review": _l("Review"),
}
_ATTACHED = {
    "image": _l("picture"),
    "video": _l("video"),
    "audio": _l("audio"),
    "file": _l("file"),
    "sticker": _l("sticker"),
}
_AUDIENCES = {
    "unlisted": _l("unlisted"),
    "followers": _l("followers only"),
    "direct": _l("private"),
    "private": _l("private"),
}
_STATUSES = {"open": _l("Open"), "snoozed": _l("Snoozed"), "done": _l("Done"), "spam": _l("Spam")}
_PRIORITIES = {"low": _l("Low"), "normal": _l("Normal"), "high": _l("High"), "urgent": _l("Urgent")}
_EXCUSES = {
    "answered_elsewhere": _l("answered elsewhere"),
    "no_answer_needed": _l("no answer needed"),
    "spam": _l("spam"),
    "liked": _l("liked, no answer needed"),
    "sibling": _l("answered on another channel"),
}
_AWAITS = {
    "emoji_only": _l("needs no answer: emoji only"),
    "sticker": _l("needs no answer: a sticker"),
    "only_handles": _l("needs no answer: only names others"),
    "thanks": _l("needs no answer: thanks"),
    "reply_to_other": _l("said to somebody else"),
    "by_hand": _l("waits by hand"),
    "before_import": _l("from before this channel was connected"),
    "edited_after_answer": _l("waits again: edited after the answer"),
}
_GONE = {
    "author": _l("Deleted by its author"),
    "refused_later": _l("Taken down by the platform after it was accepted"),
    "deleted": _l("Deleted"),
    "misplaced": _l("Removed: it had landed under the wrong message"),
}
_MODES = {"public": _l("Public reply"), "private": _l("Private message"), "note": _l("Note")}


def person_word(*names: str | None) -> str:
    """Return the first name that can be seen; some people have none, on some platforms everybody may hide it.

    Whatever turns the writing round in it is closed: names stand in our sentences, in titles and labels as well.
    """
    seen = (name for name in names if name and any(sign.isprintable() and not sign.isspace() for sign in name))
    return balanced(next(seen, "")) or _("Somebody without a name")


def platform_word(platform: str) -> str:
    """Return a platform's name."""
    return _named(PLATFORMS, platform) or platform.replace("_", " ").capitalize()


def platform_mark(platform: str) -> str:
    """Return the one letter in a platform's mark; its name is said beside it."""
    return PLATFORM_MARKS.get(platform, platform[:1])


def kind_word(kind: str, is_private: bool = False) -> str:
    """Name what kind of conversation this is."""
    return _named(_KINDS, "direct" if is_private else kind) or kind


def attached_word(kind: str) -> str:
    """Name what is attached."""
    return _named(_ATTACHED, kind) or kind


def audience_word(audience: str) -> str:
    """Say who can read a message on the platform; empty for what everybody can."""
    return _named(_AUDIENCES, audience)


def status_word(status: str) -> str:
    """Name a conversation's status."""
    return _named(_STATUSES, status) or status


def priority_word(priority: str) -> str:
    """Name a priority."""
    return _named(_PRIORITIES, priority) or priority


def settled_words(settled: str | None, why: str | None, by: str | None) -> str:
    """Say why a message waits no more."""
    if settled == "answered":
        return _("answered")
    if settled == "withdrawn":
        return _("taken back by its author")
    if settled != "excused":
        return ""
    said = _named(_EXCUSES, why) or _named(_EXCUSES, "no_answer_needed")
    return f"{said} · {by}" if by else said


def awaits_words(reason: str | None) -> str:
    """Say why a message was judged to need no answer."""
    return _named(_AWAITS, reason)


def gone_words(reason: str | None, is_ours: bool) -> str:
    """Say what became of a message that is no longer there."""
    return _named(_GONE, reason) or _named(_GONE, "deleted" if is_ours else "author")


def mode_word(mode: str) -> str:
    """Name a way of answering."""
    return _named(_MODES, mode) or mode


def waiting_sentence(count: int, limit: int = 100) -> str:
    """Say how many people wait."""
    if count >= limit:
        return _("more than 99 people wait")
    if count == 0:
        return _("nobody waits")
    return str(ngettext("%(num)s person waits", "%(num)s people wait", count))


def bounded(count: int, limit: int = 100) -> str:
    """Write a bounded count: 0 as nothing, the limit as 99+."""
    if count >= limit:
        return f"{limit - 1}+"
    return str(count) if count else ""


def _named(table: Mapping[str, str], code: str | None) -> str:
    """Return a table's word for a code in the member's language; empty where it has none."""
    word = table.get(code or "")
    return _(word) if word else ""
