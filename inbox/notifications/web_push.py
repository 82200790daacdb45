"""What a push service takes: a message that only the browser can read (RFC 8291), and who sends it (RFC 8292).

Keys go in and out as text in base64url without padding, as browsers give them.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# A push service takes 4096 bytes at least (RFC 8030, 7.2): 86 are our header, 17 the last record's mark and tag.
MOST_BYTES = 4096 - 86 - 17
POINT_BYTES, SCALAR_BYTES, AUTH_BYTES, SALT_BYTES = 65, 32, 16, 16
_RECORD_BYTES = 4096
_PROVED_FOR = timedelta(hours=12)  # RFC 8292 allows 24
_LAST_RECORD = b"\x02"


@dataclass(frozen=True)
class Keys:
    """A pair of P-256: the scalar, and the point as it goes over the wire."""

    private: str
    public: str


def new_keys() -> Keys:
    """Return a fresh pair."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Keys(to_text(key.private_numbers().private_value.to_bytes(SCALAR_BYTES)), to_text(_point(key)))


def encrypt(plain: bytes, p256dh: str, auth: str, *, keys: Keys | None = None, salt: bytes | None = None) -> bytes:
    """Return a message as `aes128gcm` (RFC 8188) for a browser's point and secret; raises ValueError for bad ones.

    `keys` and `salt` are fresh for every message; only the RFC's own example gives them.
    """
    if len(plain) > MOST_BYTES:
        raise ValueError("too long for one message")
    salt = salt or secrets.token_bytes(SALT_BYTES)
    ours, theirs = _private(keys or new_keys()), to_bytes(p256dh)
    shared = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    point = _point(ours)
    secret = _derive(to_bytes(auth), shared, b"WebPush: info\0" + theirs + point, 32)
    key = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    header = salt + _RECORD_BYTES.to_bytes(4) + bytes([len(point)]) + point
    return header + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


def authorization(keys: Keys, endpoint: str, contact: str, now: datetime) -> str:
    """Return the header by which a push service knows that who subscribed the browser is who writes to it."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _PROVED_FOR).timestamp()),
        "sub": contact,
    }
    said = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    first, second = decode_dss_signature(_private(keys).sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    signature = first.to_bytes(SCALAR_BYTES) + second.to_bytes(SCALAR_BYTES)
    return f"vapid t={said}.{to_text(signature)}, k={keys.public}"


def is_point(text: str) -> bool:
    """Tell whether this is a public key that a browser gives."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to_bytes(text))
    except ValueError:
        return False
    return len(to_bytes(text)) == POINT_BYTES


def to_text(given: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """Read base64url, padded or not; raises ValueError."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def _private(keys: Keys) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(to_bytes(keys.private)), ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _json(values: dict[str, object]) -> str:
    return to_text(json.dumps(values, separators=(",", ":")).encode())
