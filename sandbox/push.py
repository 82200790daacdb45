"""Signed pushes of the pages personality: an outbox in the store and the thread that empties it."""

import hashlib
import hmac
import http.client
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.items import Item
from sandbox.settings import PAGES
from sandbox.world import World

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_SECONDS = 5.0
FIELDS = (
    "feed",
    "mention",
    "ratings",
    "messages",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_reads",
    "message_deliveries",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_policy_enforcement",
    "standby",
)


class PushRefused(ValueError):
    """A callback that may not be, or that failed the handshake."""


def subscribe_callback(world: World, url: str, verify_token: str) -> None:
    """Sets where pushes go, after the handshake of facebook.md §10. Raises PushRefused; loopback only."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise PushRefused("the sandbox pushes to http addresses of this machine only")
    challenge = secrets.token_hex(8)
    query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token})
    try:
        status, body = _speak("GET", f"{url}{'&' if parts.query else '?'}{query}", None, {})
    except (OSError, http.client.HTTPException) as error:
        raise PushRefused(f"the callback did not answer: {error}") from error
    if status != 200 or body.decode("utf-8", "replace").strip() != challenge:
        raise PushRefused("the callback did not repeat the challenge")
    world.store.keep_setting("push_callback", url)


def subscribe_fields(world: World, fields: list[str]) -> None:
    """Which events the page sends (facebook.md §10 Set-up)."""
    world.store.keep_setting("push_fields", json.dumps(sorted(fields)))


def subscribed_fields(world: World) -> list[str]:
    """What the page is subscribed to."""
    found: list[str] = json.loads(world.store.setting("push_fields") or "[]")
    return found


def callback(world: World) -> str:
    """Where pushes go, empty when nowhere."""
    return world.store.setting("push_callback") or ""


def push_change(world: World, field: str, value: dict[str, Any], item: Item | None = None) -> None:
    """A `feed` or `mention` event; entry.time is in seconds (facebook.md §10 Envelope)."""
    _queue(world, field, {"changes": [{"field": field, "value": value}]}, 1, item)


def push_messaging(world: World, field: str, event: dict[str, Any], item: Item | None = None) -> None:
    """A messaging event; entry.time is in milliseconds (facebook.md §10 Envelope)."""
    _queue(world, field, {"messaging": [event]}, 1000, item)


def _queue(world: World, field: str, entry: dict[str, Any], per_second: int, item: Item | None) -> None:
    if field not in subscribed_fields(world) or not callback(world):
        return
    told = int(world.told_now(PAGES) * per_second)
    body = {"object": "page", "entry": [{"id": world.identity.page_id, "time": told, **entry}]}
    due = max(time.time(), item.visible_at if item is not None else 0.0)
    copies = 2 if world.faults.take(PAGES, ("push_twice",)) else 1
    if world.faults.take(PAGES, ("push_lost",)):
        return
    if world.faults.take(PAGES, ("push_reorder",)):
        due += 1.0 / world.settings.pace.factor
    for _ in range(copies):
        # facebook.md §10 Signature: non-ASCII is escaped in the body as \uXXXX, which json.dumps does
        world.store.insert(
            "push_event", {"body": json.dumps(body), "due_at": due, "made_at": time.time(), "attempts": 0}
        )
    world.push_wanted.set()


def send_due(world: World) -> float:
    """Sends what is due, each event once; gives how many seconds until the next is due (1 at most)."""
    rows = world.store.rows(
        "SELECT * FROM push_event WHERE delivered_at IS NULL AND dropped_at IS NULL AND due_at <= ? ORDER BY n "
        "LIMIT 50",
        time.time(),
    )
    for row in rows:
        if world.stopping.is_set():
            break
        error = _send(world, row["body"].encode("ascii"))
        if error is None:
            world.store.run(
                "UPDATE push_event SET delivered_at = ?, attempts = attempts + 1 WHERE n = ?", time.time(), row["n"]
            )
        else:
            _later(world, row["n"], row["attempts"] + 1, row["made_at"], error)
    return 1.0 if not rows else 0.0


def run(world: World) -> None:
    """The thread's work until the sandbox stops."""
    while not world.stopping.is_set():
        seconds = send_due(world)
        if seconds:
            world.push_wanted.wait(min(seconds, 0.25))
            world.push_wanted.clear()


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """`sha256=<hex HMAC(app secret, raw body bytes)>` (facebook.md §10 Signature)."""
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def _later(world: World, number: int, attempts: int, made_at: float, error: str) -> None:
    """facebook.md §10: retries up to 36 h, then dropped."""
    pace = world.settings.pace
    wait = min(pace.push_first_retry_seconds * 2 ** (attempts - 1), pace.push_last_retry_seconds)
    dropped = time.time() if time.time() + wait > made_at + pace.push_life_seconds else None
    world.store.run(
        "UPDATE push_event SET attempts = ?, due_at = ?, dropped_at = ?, last_error = ? WHERE n = ?",
        attempts,
        time.time() + wait,
        dropped,
        error,
        number,
    )


def _send(world: World, body: bytes) -> str | None:
    secret = world.identity.app_secret
    if world.faults.take(PAGES, ("push_bad_signature",)):
        secret = hashlib.sha256(secret.encode()).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": sign(secret, body),
        "X-Hub-Signature": sign(secret, body, "sha1"),
    }
    try:
        status, _ = _speak("POST", callback(world), body, headers)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    return None if 200 <= status < 300 else f"HTTP {status}"


def _speak(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    finally:
        connection.close()
