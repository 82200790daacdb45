"""Secrets: credentials encrypted at rest, tokens hashed, and text scrubbed of both."""

import hashlib
import re
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from inbox.errors import Invalid

# What must never reach a log, a raw row, an error page: bearer headers, JWTs, and named secrets in JSON or URLs.
# Each shape comes with words of which it has one, in small letters: looking for those first is a hundred times
# cheaper, and nearly every text has none of them.
_SECRET_SHAPES = (
    (
        ("bearer", "basic", "dpop"),
        re.compile(r"(?i)\b(bearer|basic|dpop)\s+[a-z0-9._~+/=-]{8,}"),
        r"\1 [secret]",
    ),
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), "[secret]"),
    (
        ("token", "jwt", "secret", "password", "authorization"),
        re.compile(
            r"(?i)(\"?(?:access_?token|refresh_?token|accessjwt|refreshjwt|app_?secret|client_?secret|"
            r"password|authorization|secret)\"?\s*[:=]\s*\"?)[^\"&\s,}]+"
        ),
        r"\1[secret]",
    ),
)
# Letters beyond ASCII that a shape takes for i, s or k; str.lower does not.
_ODD_LETTERS = re.compile("[\u0130\u0131\u017f\u212a]")


class Vault:
    """Encrypts with the first key, decrypts with any; keys are Fernet keys."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys:
            raise Invalid("secret_keys_missing")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise Invalid("secret_keys_malformed") from None

    def seal(self, clear: bytes) -> bytes:
        """Return `clear` encrypted with the first key."""
        return self._fernet.encrypt(clear)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed; raises Invalid if no key fits."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Invalid("secret_key_does_not_fit") from None

    def rotate(self, sealed: bytes) -> bytes:
        """Return the same secret encrypted with the first key; raises Invalid if no key fits."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise Invalid("secret_key_does_not_fit") from None


def new_key() -> str:
    """Return a fresh key for RELEVO_SECRET_KEYS."""
    return Fernet.generate_key().decode()


def new_token() -> str:
    """Return a random token of 256 bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored in a token's stead: its SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def scrub(text: str, known: tuple[str, ...] = ()) -> str:
    """Return `text` with every `known` secret and everything shaped like one replaced."""
    for secret in known:
        if len(secret) >= 6:
            text = text.replace(secret, "[secret]")
    is_odd = not text.isascii() and _ODD_LETTERS.search(text) is not None
    small = text.lower()
    for words, shape, instead in _SECRET_SHAPES:
        if is_odd or any(word in small for word in words):
            text = shape.sub(instead, text)
    return text
