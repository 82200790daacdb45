"""Small real PNG pictures, drawn in code: two colours and a stripe that follow from the picture's id."""

import hashlib
import hmac
import struct
import time
import zlib

from sandbox.world import World

WIDTH, HEIGHT = 160, 120


def draw(picture_id: str) -> bytes:
    """A PNG of 160 × 120 points that is always the same for one id."""
    seed = hashlib.sha256(picture_id.encode()).digest()
    ground, stripe, place = seed[0:3], seed[3:6], seed[6] % 80
    lines = bytearray()
    for y in range(HEIGHT):
        lines.append(0)
        for x in range(WIDTH):
            lines += stripe if (x + y - place) % 80 < 24 else ground
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(lines), 6))
        + _chunk(b"IEND", b"")
    )


def picture_url(world: World, picture_id: str) -> str:
    """A signed address that expires (facebook.md §3: `src` URLs expire)."""
    expires = f"{int(time.time() + world.settings.pace.reply_window_seconds):x}"
    return f"{world.url}/pages/media/{picture_id}.png?oh={_signature(world, picture_id, expires)}&oe={expires}"


def may_show(world: World, picture_id: str, signature: str, expires: str) -> bool:
    """Whether a signed address still counts."""
    try:
        is_late = int(expires, 16) < time.time()
    except ValueError:
        return False
    return not is_late and hmac.compare_digest(signature, _signature(world, picture_id, expires))


def _signature(world: World, picture_id: str, expires: str) -> str:
    secret = world.identity.id_secret.encode()
    return hmac.new(secret, f"{picture_id}:{expires}".encode(), "sha256").hexdigest()[:32]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
