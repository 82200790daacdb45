"""The sentences that scripts say, in the member's language; %(name)s stands for what they fill in."""

from functools import cache

from flask_babel import get_locale
from flask_babel import gettext as _


def words() -> dict[str, str]:
    """Return every sentence that inbox/static/js uses, by its key there; looked up once for each language."""
    return _words_in(str(get_locale()))


@cache
def _words_in(_locale: str) -> dict[str, str]:
    return {key: str(text) for key, text in {**_times(), **_queue(), **_writing()}.items()}


def _times() -> dict[str, str]:
    return {
        "waits": _("waits %(time)s"),
        "left": _("%(time)s left"),
        "late": _("%(time)s late"),
        "due": _("due %(time)s"),
        "now": _("a moment"),
        "just_now": _("just now"),
        "minutes": _("%(n)s min"),
        "hours": _("%(n)s h"),
        "hours_minutes": _("%(h)s h %(m)s"),
        "days": _("%(n)s d"),
        "days_hours": _("%(d)s d %(h)s h"),
        "ago": _("%(time)s ago"),
        "in": _("in %(time)s"),
        "until": _("until %(time)s"),
        "today": _("today"),
        "yesterday": _("yesterday"),
        "tomorrow": _("tomorrow"),
    }


def _queue() -> dict[str, str]:
    return {
        "new_one": _("1 new"),
        "new_many": _("%(n)s new"),
        "below_one": _("1 new below"),
        "below_many": _("%(n)s new below"),
        "undo": _("Undo"),
        "nothing_to_undo": _("There is nothing to undo."),
        "no_row": _("Choose a conversation first."),
        "failed": _("That did not work. Try again."),
        "offline": _("No connection: nothing was changed."),
        "not_loaded": _("No connection: what is new could not be loaded."),
        "lost": _("The connection was lost. Look whether this was done before you do it again."),
        "opened": _("Opened: %(name)s"),
        "list_end": _("That was the last one here."),
        "copied": _("Link copied"),
        "copy_selected": _("The link is selected: copy it with your keyboard"),
        "done_elsewhere": _("Changed by somebody else; it leaves this list."),
        "loading": _("Loading…"),
        "reload": _("Much has changed meanwhile."),
        "reload_now": _("Reload"),
        "signed_out": _("Your sign-in or your rights have changed. Reload the page."),
    }


def _writing() -> dict[str, str]:
    return {
        "send": _("Send"),
        "keep_note": _("Keep note"),
        "over": _("%(n)s too long"),
        "of": _("%(n)s of %(max)s characters"),
        "kept": _("Draft kept"),
        "not_kept": _("Not kept yet: no connection"),
        "leaves_in": _("Leaves in %(n)s s"),
        "leaving_now": _("Leaving now"),
        "saved_none": _("No saved reply has these words."),
        "saved_empty": _("No saved reply yet. Leads and admins make them under “Saved replies”."),
    }
