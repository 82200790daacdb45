"""A session's secret: tokens, whose they are, and on which server (com.atproto.server.createSession)."""

import base64
import binascii
import json
from datetime import UTC, datetime

from inbox.platforms.bluesky.values import Json, text, thing, things
from inbox.platforms.contract import Malformed, Secret


def make_secret(body: Json, asked_url: str) -> Secret:
    """Return the credential in a session answer; `expires_at` is the refresh token's end. Raises Malformed."""
    values = {name: text(body, name) for name in ("accessJwt", "refreshJwt", "did")}
    if not all(values.values()) or not values["did"].startswith("did:"):
        raise Malformed("a session without tokens or DID")  # no payload: it may hold half of them
    values["service_url"] = home_of(body) or asked_url
    return Secret(values, expires_at=expires_at(values["refreshJwt"]))


def home_of(body: Json) -> str | None:
    """Return the account's own server as its DID document names it, None where it does not."""
    for service in things(thing(body, "didDoc"), "service"):
        if text(service, "id").endswith("#atproto_pds"):
            endpoint = text(service, "serviceEndpoint").rstrip("/")
            return endpoint if endpoint.startswith(("https://", "http://")) else None
    return None


def expires_at(token: str) -> datetime | None:
    """Return when a JWT ends, None where it does not say; its signature is the server's business."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError, binascii.Error):
        return None
