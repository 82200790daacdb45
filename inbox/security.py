"""Secrets: credentials encrypted at rest, tokens hashed, and text scrubbed of both."""

import hashlib
import re
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from inbox.errors import Invalid

# What must never reach a log, a raw row, an error page: bearer headers, JWTs, and named secrets in JSON or URLs.
_SECRET_SHAPES = (
    re.compile(r"(?i)\b(bearer|basic|dpop)\s+[a-z0-9._~+/=-]{8,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"),
    re.compile(
        r"(?i)(\"?(?:access_?token|refresh_?token|accessjwt|refreshjwt|app_?secret|client_?secret|"
        r"password|authorization|secret)\"?\s*[:=]\s*\"?)[^\"&\s,}]+"
    ),
)


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
    text = _SECRET_SHAPES[0].sub(r"\1 [secret]", text)
    text = _SECRET_SHAPES[1].sub("[secret]", text)
    return _SECRET_SHAPES[2].sub(r"\1[secret]", text)
