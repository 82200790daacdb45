"""What members' forms hold, read from the request; each reader raises Invalid saying what to mend."""

from urllib.parse import urlsplit

from flask import request

from inbox.errors import Invalid
from inbox.members import known_browsers, passwords
from inbox.members.attempts import current_attempts
from inbox.members.profile import Profile, check_name
from inbox.numbers import read_number


def text(name: str, longest: int = 300) -> str:
    """Return a one-line field, trimmed and cut to `longest` characters."""
    return request.form.get(name, "").replace("\0", "").strip()[:longest]


def is_ticked(name: str) -> bool:
    """Tell whether a box is ticked."""
    return request.form.get(name, "") not in ("", "0")


def whole_number(name: str) -> int:
    """Return a field that holds a whole number; raises Invalid."""
    number = read_number(text(name))
    if number is None:
        raise Invalid("not_a_number", field=name)
    return number


def optional_number(name: str) -> int | None:
    """Return a whole number, or None for an empty field."""
    return whole_number(name) if text(name) else None


def check_current_password(email: str, stored: str | None) -> None:
    """Check the member's own password; raises Invalid where it is wrong, or was tried too often (as at signing in)."""
    attempts, tries_of = (
        current_attempts(),
        (request.remote_addr or "", email, known_browsers.find_known(email, stored)),
    )
    if not attempts.are_left(*tries_of):
        raise Invalid("sign_in_too_often")
    if not passwords.is_right(stored, request.form.get("current", "")):
        attempts.note_failure(*tries_of)
        raise Invalid("password_wrong")


def chosen_password(email: str) -> str:
    """Return the new password, typed twice; raises Invalid if it should not be chosen."""
    password = request.form.get("password", "")
    passwords.check_choice(password, email)
    if password != request.form.get("password_again", ""):
        raise Invalid("passwords_differ")
    return password


def profile() -> Profile:
    """Return the member's own settings as the form has them."""
    return Profile(
        name=check_name(text("name")),
        locale=text("locale") or None,
        time_zone=text("time_zone"),
        theme=text("theme"),
        undo_seconds=whole_number("undo_seconds"),
        are_keys_on=is_ticked("are_keys_on"),
    )


def safe_next(given: str | None) -> str:
    """Return the page to go on to: a path of ours, else the queue."""
    if not given or not given.startswith("/") or given.startswith(("//", "/\\")):
        return "/"
    if any(ord(letter) < 33 or letter == "\\" for letter in given):
        return "/"
    parts = urlsplit(given)
    return "/" if parts.scheme or parts.netloc else given
