"""ntfy: a topic on ntfy.sh or a server of one's own (docs.ntfy.sh/publish/#publish-as-json)."""

import re
from collections.abc import Mapping
from typing import Any

from inbox.errors import Invalid
from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Field, Letter, Receipt, Wire
from inbox.settings import Settings

SERVER = "https://ntfy.sh"
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
URGENT, USUAL = 5, 3


class Ntfy:
    """Publishes as JSON; the id is the message's."""

    kind = "ntfy"
    has_receipt = True
    fields = (
        Field("topic", _l("Topic"), _l("On a public server whoever knows its name can read it: make it long."), True),
        Field("server", _l("Server, if it is not ntfy.sh"), is_optional=True, type="url"),
        Field("token", _l("Access token, if the topic asks for one"), is_secret=True, is_optional=True),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return topic, server and token."""
        found = addresses.typed(self.fields, given)
        if not _TOPIC.fullmatch(found["topic"]) or not found["token"].isascii() or " " in found["token"]:
            raise Invalid("ntfy_malformed")
        return found | {"server": addresses.origin(found["server"], SERVER)}

    def hint(self, address: Address) -> str:
        """Return host and the topic's last letters: its name is its secret."""
        return f"{addresses.host_of(address['server'])} {addresses.ending(address['topic'])}"

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Publish one message; touching it opens the page, its button the page that acknowledges."""
        values: dict[str, Any] = {
            "topic": address["topic"],
            "title": letter.subject,
            "message": letter.text(),
            "priority": URGENT if letter.is_alert else USUAL,
        }
        if letter.url:
            values["click"] = letter.url
        if letter.acknowledge_url:
            # `view` opens the page, which asks; `http` would acknowledge from whoever holds the topic
            action = {"action": "view", "label": letter.acknowledge_word, "url": letter.acknowledge_url}
            values["actions"] = [action]
        headers = {"authorization": f"Bearer {address['token']}"} if address["token"] else {}
        found = calls.json_of(calls.post_json(wire, f"{address['server']}/", values, headers))
        return Receipt(calls.word(found, "id"), calls.word(found, "event"))
