"""PagerDuty: Events API v2 (developer.pagerduty.com/docs/events-api-v2/trigger-events)."""

import re
from collections.abc import Mapping
from typing import Any

from inbox.errors import Invalid
from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Field, Letter, Receipt, Wire
from inbox.settings import Settings

SERVER = "https://events.pagerduty.com"
_KEY = re.compile(r"[A-Za-z0-9]{32}")


class PagerDuty:
    """Triggers an event; its dedup key is the letter's, so that a repeated try makes no second incident."""

    kind = "pagerduty"
    has_receipt = True
    fields = (
        Field("key", _l("Integration key"), _l("Of a service’s “Events API v2” integration, 32 characters."), True),
        Field("server", _l("Server, if it is not events.pagerduty.com"), is_optional=True, type="url"),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return key and server."""
        found = addresses.typed(self.fields, given)
        if not _KEY.fullmatch(found["key"]):
            raise Invalid("pagerduty_malformed")
        return found | {"server": addresses.origin(found["server"], SERVER)}

    def hint(self, address: Address) -> str:
        """Return the key's last letters."""
        return addresses.ending(address["key"])

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Trigger one event, with links to the page and to the page that acknowledges."""
        links = [{"href": letter.url, "text": letter.open_word}] if letter.url else []
        if letter.acknowledge_url:
            links.append({"href": letter.acknowledge_url, "text": letter.acknowledge_word})
        values: dict[str, Any] = {
            "routing_key": address["key"],
            "event_action": "trigger",
            "dedup_key": letter.key,
            "links": links,
            "payload": {
                "summary": letter.subject,
                "source": "relevo",
                "severity": "critical" if letter.is_alert else "info",
                "timestamp": letter.at.isoformat(),
                "custom_details": {"lines": list(letter.lines)},
            },
        }
        found = calls.json_of(calls.post_json(wire, f"{address['server']}/v2/enqueue", values))
        return Receipt(calls.word(found, "dedup_key") or letter.key, calls.word(found, "status"))
