"""Browsers that a member has signed in with before: their tries are counted apart (decision 0039).

The cookie proves one thing alone, that somebody once signed in here with this address and the password that it has now.
It lets nobody in, and another password ends what it says: who knew the old one has collected nothing.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta

from flask import current_app, request
from werkzeug.wrappers import Response

from inbox import clock
from inbox.errors import Invalid
from inbox.security import Vault
from inbox.settings import Settings
from inbox.web_security import is_secure

COOKIE = "relevo_device"
KNOWN_FOR = timedelta(days=180)
_LONGEST = 1000  # of the cookie, which comes from anybody


def remember(response: Response, email: str, stored: str | None) -> None:
    """Let the browser be known for this address from now on, as long as its password is the one stored now."""
    told = {"for": _digest(email, stored), "name": secrets.token_urlsafe(16), "at": clock.now().timestamp()}
    sealed = _vault().seal(json.dumps(told).encode()).decode()
    age = int(KNOWN_FOR.total_seconds())
    response.set_cookie(COOKIE, sealed, max_age=age, secure=is_secure(), httponly=True, samesite="Lax")


def find_known(email: str, stored: str | None) -> str | None:
    """Return the name under which this browser is known for the address and its stored password, or None."""
    sealed = request.cookies.get(COOKIE, "")
    if not sealed or len(sealed) > _LONGEST:
        return None
    try:
        told = json.loads(_vault().open(sealed.encode()))
        is_young = clock.now() - datetime.fromtimestamp(told["at"], UTC) < KNOWN_FOR
        return str(told["name"]) if is_young and told["for"] == _digest(email, stored) else None
    except (Invalid, KeyError, TypeError, ValueError, OverflowError):  # sealed by us, but for something else
        return None


def _digest(email: str, stored: str | None) -> str:
    return hashlib.sha256(f"{email.strip().casefold()}\0{stored}".encode()).hexdigest()


def _vault() -> Vault:
    settings: Settings = current_app.config["RELEVO"]
    return Vault(settings.secret_keys, settings.read_secret_keys)
