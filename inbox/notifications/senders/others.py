"""Everything else that the Apprise library can send to; it tells nothing but whether it believes that it worked.

Only services whose servers are fixed in the library are taken: with any other an address could name a host of the
local network, and the library would call it past our guard.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from inbox.errors import Invalid
from inbox.languages import later as _l
from inbox.notifications import addresses
from inbox.notifications.contract import Address, Field, Letter, NotDelivered, Receipt, Wire
from inbox.settings import Settings

SCHEMES = frozenset(
    {
        "chanify",
        "dingtalk",
        "discord",
        "feishu",
        "flock",
        "gchat",
        "ifttt",
        "join",
        "lark",
        "line",
        "opsgenie",
        "pagertree",
        "pbul",
        "pover",
        "prowl",
        "pushed",
        "pushy",
        "signl4",
        "spush",
        "victorops",
        "wxteams",
    }
)


class Others:
    """Sends through Apprise, which gives no receipt."""

    kind = "apprise"
    has_receipt = False
    fields = (
        Field(
            "url",
            _l("Apprise address"),
            _l("For Discord, Pushover, Google Chat and others: discord://… as Apprise’s pages say."),
            True,
        ),
    )

    def __init__(self, schemes: frozenset[str] = SCHEMES) -> None:
        self._schemes = schemes

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the address, if Apprise can read it and its scheme is on the list."""
        url = addresses.typed(self.fields, given)["url"]
        if self._scheme(url) not in self._schemes:
            raise Invalid("apprise_scheme_refused", schemes=", ".join(sorted(self._schemes)))
        if self._open(url, 1) is None:
            raise Invalid("apprise_malformed")
        return {"url": url}

    def hint(self, address: Address) -> str:
        """Return the service alone: all else may be a secret."""
        return self._scheme(address["url"])

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Let Apprise try once, for as long as one call may take."""
        plugin = self._open(address["url"], wire.seconds)
        if plugin is None or self._scheme(address["url"]) not in self._schemes:
            raise NotDelivered("apprise_malformed", is_sure=True, is_final=True)
        found: list[bool] = []
        work = threading.Thread(target=lambda: found.append(_try(plugin, letter)), daemon=True, name="apprise")
        work.start()
        work.join(wire.seconds)
        if not found:
            raise NotDelivered("timeout", is_sure=False)
        if not found[0]:
            raise NotDelivered("apprise_failed", is_sure=False)
        return Receipt(None, None)

    @staticmethod
    def _scheme(url: str) -> str:
        return url.partition("://")[0].strip().lower()

    @staticmethod
    def _open(url: str, seconds: float) -> Any:
        """Return Apprise's plugin for an address, with our lengths, checking certificates; None if unreadable."""
        import apprise  # it takes most of a second, and most processes never need it

        for name in ("apprise", "urllib3", "requests"):  # they log whole addresses
            logging.getLogger(name).setLevel(logging.CRITICAL)
        plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            return None
        plugin.socket_connect_timeout = plugin.socket_read_timeout = seconds
        plugin.verify_certificate, plugin.request_rate_per_sec = True, 0
        return plugin


def _try(plugin: Any, letter: Letter) -> bool:
    try:
        return bool(plugin.notify(body=letter.text(), title=letter.subject))
    except Exception:  # a plugin's edge: whatever it raises, it isn't known what was sent
        return False
