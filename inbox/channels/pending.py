"""A sign-in that goes on at a platform: sealed into the browser that began it, good for a quarter of an hour."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from typing import Any

from inbox import clock
from inbox.errors import Invalid
from inbox.security import Vault

LIFE_SECONDS = 900


@dataclass(frozen=True)
class Pending:
    """What must be known again when the platform sends a member back; `channel_id`: a reconnect of that channel."""

    platform: str
    state: str
    session_id: int
    service_url: str
    values: dict[str, str] = field(repr=False)
    channel_id: int | None = None
    team_ids: Sequence[int] = ()
    is_sandbox_kept: bool = False
    began_at: float = 0.0


def seal(vault: Vault, pending: Pending) -> str:
    """Return a sign-in as its browser keeps it."""
    said = asdict(pending) | {"began_at": clock.now().timestamp()}
    return vault.seal(json.dumps(said).encode()).decode()


def unseal(vault: Vault, sealed: Any, *, state: str, session_id: int) -> Pending:
    """Return the sign-in that `state` belongs to.

    Raises Invalid('sign_in_not_begun') for one of another browser or session, or that is too old.
    """
    try:
        found = Pending(**json.loads(vault.open(str(sealed or "").encode())))
    except (Invalid, TypeError, ValueError):
        raise Invalid("sign_in_not_begun") from None
    is_ours = compare_digest(found.state.encode(), state.encode()) and found.session_id == session_id
    if not is_ours or clock.now().timestamp() - found.began_at > LIFE_SECONDS:
        raise Invalid("sign_in_not_begun")
    return found
