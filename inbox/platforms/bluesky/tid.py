"""Record keys of our own (TIDs), the same for the same delivery (lexicon app.bsky.feed.post, key: tid)."""

import hashlib
import re
from datetime import datetime

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


def tid_for(key: str, created_at: datetime) -> str:
    """Return the TID of a delivery: the second of `created_at`, and below it thirty bits of the key's hash.

    A TID is a zero bit, 53 bits of microseconds and a clock id of ten bits, in a base 32 that sorts. Two
    deliveries of one second get the same one once in a thousand million times.
    """
    mixed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    microseconds = int(created_at.timestamp()) * 1_000_000 + (mixed >> 10) % 1_000_000
    number = (microseconds << 10 | mixed & 0x3FF) & 0x7FFF_FFFF_FFFF_FFFF
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def is_tid(rkey: str) -> bool:
    """Tell whether a record key is a valid TID."""
    return _SHAPE.fullmatch(rkey) is not None
