"""The sentence for each error code, in the language of the page: what happened and what to do.

A subject that raises a new code adds its sentence here; tests/house finds codes without one.
Values stand as %(name)s and come from the error's details.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from inbox.errors import RelevoError

SENTENCES: dict[str, LazyString] = {
    # every page
    "not_found": _l("There is nothing here, or it is not yours to see."),
    "sign_in_first": _l("Sign in first."),
    "not_allowed": _l("You may see this, but not do that. A lead or an admin can give you the right."),
    # members
    "member_not_found": _l("There is no such person here."),
    "member_is_deactivated": _l("This person has been deactivated. Reactivate them first."),
    "team_not_found": _l("There is no such team."),
    "team_name_taken": _l("Another team is called %(name)s. Choose another name."),
    "role_unknown": _l("Choose viewer, responder or lead."),
    "last_admin": _l("This is the last admin. Make somebody else an admin first."),
    "session_not_found": _l("That session has already ended."),
    "email_malformed": _l("That is not a complete e-mail address."),
    "email_taken": _l("Somebody else signs in with that address."),
    "already_member": _l("%(email)s is already a member."),
    "invitation_not_found": _l("That invitation was accepted or revoked meanwhile."),
    "invitation_not_valid": _l("This invitation has been used, revoked, or is older than 72 hours. Ask for a new one."),
    "name_malformed": _l("Give a name of 1 to 80 characters."),
    "language_unknown": _l("Choose English, Spanish, or the browser's language."),
    "time_zone_unknown": _l("There is no time zone called %(time_zone)s. Choose one from the list."),
    "theme_unknown": _l("Choose light, dark, or automatic."),
    "undo_seconds_out_of_range": _l("The undo time goes from 0 to %(longest)s seconds."),
    "not_a_number": _l("Give a whole number."),
    "password_short": _l("Use at least %(shortest)s characters."),
    "password_long": _l("Use at most %(longest)s characters."),
    "password_common": _l("Everybody tries that password first. Choose one that is harder to guess."),
    "password_is_email": _l("Your password must not be your e-mail address."),
    "passwords_differ": _l("The two passwords are not the same."),
    "password_wrong": _l("That is not your current password."),
    "sign_in_wrong": _l("The e-mail address or the password is not right."),
    "sign_in_too_often": _l("Too many wrong tries. Wait ten minutes, then try again."),
    "one_time_password_expired": _l(
        "This one-time password is older than an hour. Ask an admin for a new one, "
        "or run: relevo member password %(email)s"
    ),
    "one_time_password_used": _l(
        "This one-time password has been used. Ask an admin for a new one, or run: relevo member password %(email)s"
    ),
}

_BY_STATUS: dict[int, LazyString] = {
    400: _l("That could not be understood. Go back, check what you gave, and try again."),
    403: SENTENCES["not_allowed"],
    404: SENTENCES["not_found"],
    409: _l("Somebody was faster. Look at what it is now, then decide again."),
}


def sentence(code: str, details: Mapping[str, object] | None = None) -> str:
    """Return what to tell a member about an error code; a general sentence if it has none of its own."""
    known = SENTENCES.get(code)
    return _fill(known, details or {}) if known is not None else str(_BY_STATUS[400])


def sentence_of(error: RelevoError) -> str:
    """Return what to tell a member about this error."""
    known = SENTENCES.get(error.code) or _BY_STATUS.get(error.status) or _BY_STATUS[400]
    return _fill(known, error.details)


def _fill(known: LazyString, details: Mapping[str, object]) -> str:
    text = str(known)
    return text % _Blank(details) if "%(" in text else text


class _Blank(dict[str, object]):
    """Details in which what is missing is an ellipsis: a sentence with a gap beats an error page."""

    def __missing__(self, _key: str) -> str:
        return "…"
