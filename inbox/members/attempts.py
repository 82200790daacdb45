"""How often a password may be tried: failures counted by address and by e-mail, in Redis or, without it, here.

Who guesses from elsewhere keeps no member out: a browser that is known for the e-mail is counted by itself.
"""

import hashlib

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from inbox import clock
from inbox.settings import Settings

log = structlog.get_logger()
# An office shares one address, so it gets more tries than one e-mail does.
PER_ADDRESS = parse("30 per 10 minutes")
PER_EMAIL = parse("10 per 10 minutes")
_RETRY_SECONDS = 30


class Attempts:
    """Counts failures; while Redis is away this process counts for itself, so no door stands open."""

    def __init__(self, redis_url: str) -> None:
        self._shared: Storage | None = _open(redis_url)
        self._own = MemoryStorage()
        self._away_until = 0.0

    def are_left(self, address: str, email: str, device: str | None = None) -> bool:
        """Tell whether another try is allowed from there and for this e-mail, or by a browser that is known for it."""
        return self._ask("test", address, email, device)

    def note_failure(self, address: str, email: str, device: str | None = None) -> None:
        """Count one failure against both, or against the known browser alone."""
        self._ask("hit", address, email, device)

    def _ask(self, question: str, address: str, email: str, device: str | None) -> bool:
        answers = [self._ask_one(question, item, key) for item, key in _keys(address, email, device)]
        return all(answers)

    def _ask_one(self, question: str, item: RateLimitItem, key: str) -> bool:
        now = clock.now().timestamp()
        if self._shared is not None and now >= self._away_until:
            try:
                return bool(getattr(FixedWindowRateLimiter(self._shared), question)(item, key))
            except Exception as error:  # whatever the driver raises, the door must still be guarded
                self._away_until = now + _RETRY_SECONDS
                log.warning("attempts_counted_here", error=type(error).__name__)
        return bool(getattr(FixedWindowRateLimiter(self._own), question)(item, key))


def set_up(app: Flask) -> None:
    """Make the counter of this application's processes."""
    settings: Settings = app.config["RELEVO"]
    app.extensions["attempts"] = Attempts(settings.redis_url)


def current_attempts() -> Attempts:
    """Return the counter of the running application."""
    attempts: Attempts = current_app.extensions["attempts"]
    return attempts


def _open(redis_url: str) -> Storage | None:
    if not redis_url:
        return None
    url = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url
    storage = storage_from_string(url, socket_connect_timeout=1, socket_timeout=1)
    assert isinstance(storage, Storage)
    return storage


def _keys(address: str, email: str, device: str | None) -> list[tuple[RateLimitItem, str]]:
    if device is not None:
        return [(PER_EMAIL, f"sign-in/device/{device}")]
    # hashed: Redis need not know who tried to sign in
    digest = hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]
    return [(PER_ADDRESS, f"sign-in/address/{address}"), (PER_EMAIL, f"sign-in/email/{digest}")]
