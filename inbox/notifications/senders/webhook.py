"""A signed webhook: JSON, with an HMAC-SHA256 over time and body, so that the other side knows who speaks and when."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from inbox.errors import Invalid
from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Field, Letter, Receipt, Wire
from inbox.settings import Settings

SHORTEST_SECRET = 16


class Webhook:
    """Posts a letter as JSON; the receiver checks `Relevo-Signature` (docs/notify.md)."""

    kind = "webhook"
    has_receipt = True
    fields = (
        Field("url", _l("Address"), placeholder="https://", type="url"),
        Field("secret", _l("Signing secret"), _l("At least 16 characters; the receiver checks with it."), True),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return address and secret."""
        found = addresses.typed(self.fields, given)
        if len(found["secret"]) < SHORTEST_SECRET:
            raise Invalid("signing_secret_short")
        return found | {"url": addresses.web(found["url"])}

    def hint(self, address: Address) -> str:
        """Return the host: the path may be a secret."""
        return addresses.host_of(address["url"])

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Post it, signed."""
        body = json.dumps(as_json(letter), ensure_ascii=False).encode()
        stamp = str(int(letter.at.timestamp()))
        headers = {
            "content-type": "application/json",
            "relevo-delivery": letter.key,
            "relevo-timestamp": stamp,
            "relevo-signature": signature(address["secret"], stamp, body),
        }
        answer = calls.post(wire, address["url"], body, headers)
        return Receipt(letter.key, str(answer.status))


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return `v1=` and the HMAC-SHA256 of `<timestamp>.<body>`, hexadecimal."""
    return "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def as_json(letter: Letter) -> dict[str, Any]:
    """Return a letter as receivers get it."""
    values: dict[str, Any] = {
        "id": letter.key,
        "kind": letter.kind,
        "subject": letter.subject,
        "lines": list(letter.lines),
        "url": letter.url,
        "acknowledge_url": letter.acknowledge_url,
        "is_alert": letter.is_alert,
        "may_be_repeated": letter.is_resent,
        "sent_at": letter.at.isoformat(),
    }
    return values | ({"code": letter.code} if letter.code else {})
