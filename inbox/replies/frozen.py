"""An Outgoing as JSON and back, so that every attempt of a delivery sends the same bytes."""

from dataclasses import asdict
from typing import Any

from inbox.platforms.items import Author
from inbox.platforms.outgoing import Outgoing, Sent


def freeze(outgoing: Outgoing) -> dict[str, Any]:
    """Return the reply as it is stored in `delivery.outgoing`."""
    return asdict(outgoing)


def thaw(stored: dict[str, Any]) -> Outgoing:
    """Return the reply that was frozen."""
    recipient = stored.get("recipient")
    return Outgoing(**{**stored, "recipient": Author(**recipient) if recipient else None})


def as_candidate(sent: Sent) -> dict[str, Any]:
    """Return a reply of ours on the platform as a person compares it (`delivery.candidates`)."""
    return {
        "external_id": sent.external_id,
        "created_at": sent.created_at.isoformat() if sent.created_at else None,
        "permalink": sent.permalink,
        "parent_id": sent.parent_id,
        "audience": sent.audience,
        "text": sent.text,
        "version": sent.version,
        "ref": dict(sent.ref),
    }
