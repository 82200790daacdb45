"""Who the brand is on both personalities, its tokens, and the file that tells them to the launcher."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

GRAPH_VERSION = "v25.0"
FILE = "sandbox.json"


@dataclass(frozen=True)
class Identity:
    """Secrets and ids that stay the same across restarts; random, so that only this machine's owner has them."""

    control_token: str
    feed_token: str
    feed_other_token: str
    pages_token: str
    pages_other_token: str
    app_secret: str
    verify_token: str
    id_secret: str
    app_id: str = "815000000000001"
    page_id: str = "109000000000001"
    page_name: str = "Acme Hogar"
    other_page_id: str = "109000000000002"
    other_page_name: str = "Acme Outlet"
    account_id: str = "116900000000000001"
    acct: str = "acme_hogar"
    other_account_id: str = "116900000000000002"
    other_acct: str = "acme_outlet"
    domain: str = "feed.example"


def make_identity() -> Identity:
    """A new identity with random tokens."""

    def token() -> str:
        return secrets.token_urlsafe(32)

    return Identity(
        control_token=token(),
        feed_token=token(),
        feed_other_token=token(),
        pages_token="EAAS" + token(),
        pages_other_token="EAAS" + token(),
        app_secret=secrets.token_hex(16),
        verify_token=token(),
        id_secret=token(),
    )


def identity_from(stored: str | None) -> Identity:
    """The identity kept in the store, or a new one when there is none yet."""
    return Identity(**json.loads(stored)) if stored else make_identity()


def identity_text(identity: Identity) -> str:
    """The identity as it is kept in the store."""
    return json.dumps(asdict(identity))


def describe(identity: Identity, port: int) -> dict[str, Any]:
    """What sandbox.json says: where each personality is and how to sign in to it."""
    url = f"http://127.0.0.1:{port}"
    return {
        "url": url,
        "port": port,
        "control_token": identity.control_token,
        "feed": {
            "url": f"{url}/feed",
            "access_token": identity.feed_token,
            "account_id": identity.account_id,
            "acct": identity.acct,
            "other_access_token": identity.feed_other_token,
        },
        "pages": {
            "url": f"{url}/pages",
            "version": GRAPH_VERSION,
            "page_id": identity.page_id,
            "page_name": identity.page_name,
            "access_token": identity.pages_token,
            "app_id": identity.app_id,
            "app_secret": identity.app_secret,
            "verify_token": identity.verify_token,
            "other_access_token": identity.pages_other_token,
        },
        "pid": os.getpid(),
    }


def write_file(folder: Path, description: dict[str, Any]) -> None:
    """Writes sandbox.json with mode 0600 in one step, so that a reader never sees half of it."""
    part = folder / (FILE + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(description, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    part.replace(folder / FILE)


def last_port(folder: Path) -> int:
    """The port of the last run, 0 when there was none."""
    try:
        return int(json.loads((folder / FILE).read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
