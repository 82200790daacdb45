"""Reading what somebody typed as an address: each reader raises Invalid saying what to mend."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from inbox.errors import Invalid
from inbox.notifications.contract import Field

LONGEST = 500
_EMAIL = re.compile(r"[^\s@\x00-\x1f<>,;:\"()\[\]\\]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def typed(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, str]:
    """Return the fields as they were typed, trimmed; raises Invalid for one that is missing or can't be sent."""
    found = {}
    for field in fields:
        value = given.get(field.name, "").strip()
        if not value and not field.is_optional:
            raise Invalid("method_field_missing")
        if len(value) > LONGEST or not value.isprintable():
            raise Invalid("method_field_malformed")
        found[field.name] = value
    return found


def email(value: str) -> str:
    """Return a complete e-mail address."""
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise Invalid("email_malformed")
    return value


def phone(value: str) -> str:
    """Return a number in international form, `+34600111222`."""
    number = re.sub(r"[\s().-]", "", value)
    if not _NUMBER.fullmatch(number):
        raise Invalid("phone_malformed")
    return number


def web(value: str) -> str:
    """Return an address of the web; whether it may be called is decided when it is."""
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.username is not None or parts.password is not None:
        raise Invalid("web_address_malformed")
    return value


def origin(value: str, default: str) -> str:
    """Return a server's address without a slash at its end; `default` where none was typed."""
    if not value:
        return default
    parts = urlsplit(web(value))
    if parts.query or parts.fragment:
        raise Invalid("web_address_malformed")
    return value.rstrip("/")


def host_of(url: str) -> str:
    """Return the host of an address, to be shown."""
    return urlsplit(url).hostname or ""


def ending(value: str) -> str:
    """Return the last letters of something long, to know it by."""
    return f"…{value[-4:]}" if len(value) > 8 else "…"
