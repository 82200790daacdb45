"""Secrets: credentials encrypted at rest, tokens hashed, and text scrubbed of both."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from inbox.errors import Invalid

# What must never reach a log, a raw row, an error page: bearer headers, JWTs, and named secrets in JSON or URLs.
# Texts of strangers pass here, so every pattern looks at each character a bounded number of times.
_NAMES = (
    r"(?:access_?token|refresh_?token|accessjwt|refreshjwt|app_?secret|client_?secret|app_?password|password"
    r"|authorization|secret)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic|dpop)\s+[a-z0-9._~+/=-]{8,}")
_QUOTED = re.compile(rf'(?i)("{_NAMES}"\s*:\s*")(?:[^"\\]|\\.)++')
_NAMED = re.compile(rf"""(?i)({_NAMES}(?:\\*["'])?\s*(?:[:=]|%3d)\s*(?:\\*["'])?)[^\\"'&\s,}}]+""")
_NAME_ALONE = re.compile(rf"(?i){_NAMES}")
_PASSWORD_ALONE = re.compile(r"(?i)(?:app_?)?password")
_DOTTED = re.compile(r"[\w.-]{12,}+")
_JWT_HEAD = re.compile(r"\beyJ")
# Letters beyond ASCII that a shape takes for i, s or k; str.lower does not.
_ODD_LETTERS = re.compile("[\u0130\u0131\u017f\u212a]")


Keys = tuple[str, ...]


class Vault:
    """Encrypts with the first key, decrypts with any; keys are Fernet keys.

    `read_again` gives the keys as they are kept now: they are rotated while processes run.
    """

    def __init__(self, keys: Keys, read_again: Callable[[], Keys] | None = None) -> None:
        if not keys:
            raise Invalid("secret_keys_missing")
        self._keys, self._read_again = keys, read_again
        self._fernet = _fernet_of(keys)

    def seal(self, clear: bytes) -> bytes:
        """Return `clear` encrypted with the first key."""
        return self._fernet.encrypt(clear)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed; raises Invalid if no key fits."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            if self._has_learnt_keys():
                return self.open(sealed)
            raise Invalid("secret_key_does_not_fit") from None

    def rotate(self, sealed: bytes) -> bytes:
        """Return the same secret encrypted with the first key; raises Invalid if no key fits."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise Invalid("secret_key_does_not_fit") from None

    def _has_learnt_keys(self) -> bool:
        """Read the keys again; tell whether they are others than those we had."""
        now = self._read_again() if self._read_again is not None else self._keys
        if not now or now == self._keys:
            return False
        self._fernet, self._keys = _fernet_of(now), now
        return True


def _fernet_of(keys: Keys) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise Invalid("secret_keys_malformed") from None


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
    for words, shapes in _SECRET_SHAPES:
        if is_odd or any(word in small for word in words):
            for shape, instead in shapes:
                text = shape.sub(instead, text)
    return text


def secrets_sent(headers: Mapping[str, str], body: bytes | None) -> tuple[str, ...]:
    """Return the secrets in a request of ours: what its Authorization carries, and what its JSON calls one."""
    carried = [
        value.split()[-1] for name, value in headers.items() if name.lower() == "authorization" and value.strip()
    ]
    return (*carried, *_named(_NAME_ALONE, body))


def passwords_sent(body: bytes | None) -> tuple[str, ...]:
    """Return the passwords in a request of ours, which no answer ever has to repeat."""
    return _named(_PASSWORD_ALONE, body)


def _named(names: re.Pattern[str], body: bytes | None) -> tuple[str, ...]:
    try:
        given = json.loads(body) if body and body.lstrip().startswith(b"{") else {}
    except ValueError:
        given = {}
    found = given.items() if isinstance(given, dict) else ()
    return tuple(value for name, value in found if isinstance(value, str) and names.fullmatch(name))


def _without_jwt(found: re.Match[str]) -> str:
    """Replace a JWT, `eyJ….….…`, in a stretch without spaces; each part is looked at once."""
    if "eyJ" not in found[0]:
        return found[0]
    parts = found[0].split(".")
    kept: list[str] = []
    at = 0
    while at < len(parts):
        head = _JWT_HEAD.search(parts[at])
        is_jwt = head is not None and len(parts[at]) - head.start() >= 11 and at + 1 < len(parts)
        if head is not None and is_jwt and len(parts[at + 1]) >= 4:
            kept.append(f"{parts[at][: head.start()]}[secret]")
            at += 3
        else:
            kept.append(parts[at])
            at += 1
    return ".".join(kept)


# Shapes come with words of which each has one, in small letters: looking for those first is a hundred times
# cheaper, and nearly every text has none of them.
_Shapes = tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]
_SECRET_SHAPES: tuple[tuple[tuple[str, ...], _Shapes], ...] = (
    (("bearer", "basic", "dpop"), ((_BEARER, r"\1 [secret]"),)),
    (("eyj",), ((_DOTTED, _without_jwt),)),
    (
        ("token", "jwt", "secret", "password", "authorization"),
        ((_QUOTED, r"\1[secret]"), (_NAMED, r"\1[secret]")),
    ),
)
