"""How both sides know each other: an HMAC-SHA256 over time and body, as in our signed webhooks (pure)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from inbox.platforms.contract import Refused

SHORTEST_SECRET = 32
# A push that was written longer ago, or from further ahead, is refused: it may be somebody's recording.
TOLERANCE_SECONDS = 300
_LONGEST_STAMP = 12


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return `v1=` and the HMAC-SHA256 of `<timestamp>.<body>`, hexadecimal."""
    return "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def signed(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that tell the other side who speaks and when."""
    stamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "Relevo-Timestamp": stamp,
        "Relevo-Signature": signature(secret, stamp, body),
    }


def check(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Let a body pass that the other side signed within the last five minutes; raises Refused('bad_signature')."""
    found = {name.lower(): value for name, value in headers.items()}
    stamp, said = found.get("relevo-timestamp", ""), found.get("relevo-signature", "")
    is_number = stamp.isascii() and stamp.isdecimal() and len(stamp) < _LONGEST_STAMP
    wanted = signature(secret, stamp, body)
    if not is_number or not hmac.compare_digest(wanted.encode(), said.encode(errors="replace")):
        raise Refused("the signature does not fit", code="bad_signature")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise Refused("signed too long ago; the clocks may differ", code="bad_signature")
