"""Slack, and what takes the same form (Mattermost): an incoming webhook (api.slack.com/messaging/webhooks)."""

from collections.abc import Mapping

from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Field, Letter, Receipt, Wire
from inbox.settings import Settings


class Slack:
    """Posts text; Slack gives no id, its `ok` is all that it says."""

    kind = "slack"
    has_receipt = True
    fields = (
        Field(
            "url",
            _l("Incoming webhook"),
            _l("Made under “Incoming Webhooks” of a Slack app; Mattermost’s work too."),
            True,
            placeholder="https://hooks.slack.com/services/…",
        ),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the webhook's address."""
        return {"url": addresses.web(addresses.typed(self.fields, given)["url"])}

    def hint(self, address: Address) -> str:
        """Return host and last letters: the path is the secret."""
        return f"{addresses.host_of(address['url'])} {addresses.ending(address['url'])}"

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Post one message whose links are not unfurled, for that would call them."""
        text = f"*{_plain(letter.subject)}*\n{_plain(letter.text())}"
        answer = calls.post_json(wire, address["url"], {"text": text, "unfurl_links": False, "unfurl_media": False})
        return Receipt(None, answer.body[:40].decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """Return text in which Slack finds no mention and no markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
