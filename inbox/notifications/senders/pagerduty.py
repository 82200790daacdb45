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
    """Opens an incident for an alert, and says when somebody took it and when it is over.

    Its dedup key is the alert's, so that neither a repeated try nor a further step makes a second incident.
    """

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
        """Say what happens to an incident; raises NotDelivered.

        PagerDuty adds what is triggered anew to the incident that somebody has taken, and calls nobody: that one is
        resolved first. Both are repeated by the next try if the second answer is lost.
        """
        if letter.event is not None:
            return self._post(wire, address, letter, letter.event, {})
        if letter.is_reopened:
            self._post(wire, address, letter, "resolve", {})
        return self._post(wire, address, letter, "trigger", _payload(letter))

    def _post(self, wire: Wire, address: Address, letter: Letter, action: str, more: Mapping[str, Any]) -> Receipt:
        key = letter.incident or letter.key
        values = {"routing_key": address["key"], "event_action": action, "dedup_key": key, **more}
        found = calls.json_of(calls.post_json(wire, f"{address['server']}/v2/enqueue", values))
        return Receipt(calls.word(found, "dedup_key") or key, calls.word(found, "status"))


def _payload(letter: Letter) -> dict[str, Any]:
    """Return what an incident shows, with links to the page and to the page that acknowledges."""
    links = [{"href": letter.url, "text": letter.open_word}] if letter.url else []
    if letter.acknowledge_url:
        links.append({"href": letter.acknowledge_url, "text": letter.acknowledge_word})
    return {
        "links": links,
        "payload": {
            "summary": letter.subject,
            "source": "relevo",
            "severity": "critical" if letter.is_alert else "info",
            "timestamp": letter.at.isoformat(),
            "custom_details": {"lines": list(letter.lines)},
        },
    }
