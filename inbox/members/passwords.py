"""Passwords: hashed with argon2id, compared in the same time whether the member exists or not."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from inbox.errors import Invalid
from inbox.members.common_passwords import COMMON

SHORTEST = 10
LONGEST = 200
# no letters or digits that look alike
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class _Hashing:
    """The hasher in use, and a hash that fits nobody, of the same cost."""

    def __init__(self, memory_kib: int, rounds: int) -> None:
        self.hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self.nobody = self.hasher.hash(secrets.token_urlsafe(16))


_hashing: _Hashing | None = None


def set_cost(memory_kib: int = 19 * 1024, rounds: int = 2) -> None:
    """Say what one hash costs; the default is OWASP's for argon2id (19 MiB, two rounds, about 40 ms)."""
    global _hashing
    _hashing = _Hashing(memory_kib, rounds)


def hash_password(clear: str) -> str:
    """Return what is stored in the password's stead. Slow: never inside a write transaction."""
    return _get_hashing().hasher.hash(clear)


def is_right(stored: str | None, clear: str) -> bool:
    """Compare; takes as long with nothing stored, so that nobody learns which addresses exist."""
    hashing = _get_hashing()
    try:
        hashing.hasher.verify(stored or hashing.nobody, clear[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def check_choice(clear: str, email: str) -> None:
    """Raise Invalid, saying why, if a member should not choose this password."""
    folded = clear.casefold().strip()
    if len(clear) < SHORTEST:
        raise Invalid("password_short", shortest=SHORTEST)
    if len(clear) > LONGEST:
        raise Invalid("password_long", longest=LONGEST)
    if folded in COMMON or len(set(folded)) < 4:
        raise Invalid("password_common")
    if folded in (email.casefold(), email.casefold().partition("@")[0]):
        raise Invalid("password_is_email")


def new_one_time() -> str:
    """Return a one-time password that can be read aloud: four groups of four, 79 bits."""
    letters = [secrets.choice(_ONE_TIME_LETTERS) for _ in range(16)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, 16, 4))


def _get_hashing() -> _Hashing:
    if _hashing is None:
        set_cost()
    assert _hashing is not None
    return _hashing
