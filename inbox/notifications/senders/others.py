"""Everything else that the Apprise library can send to; it tells nothing but whether it believes that it worked.

It calls the network past our client, so it does so in a process of its own that connects to nothing private, and that
is killed when its time is over. Only services whose servers are fixed in the library are taken: with any other an
address could name any host.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inbox.errors import Invalid
from inbox.guard import LocalServices
from inbox.languages import later as _l
from inbox.notifications import addresses
from inbox.notifications.contract import Address, Field, Letter, NotDelivered, Receipt, Wire
from inbox.notifications.senders.apprise_process import REFUSED, SENT, UNREADABLE
from inbox.public_addresses import is_public
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


# What the process needs of the environment to run at all.
_KEPT = frozenset({"PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"})


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
        if self._open(url) is None:
            raise Invalid("apprise_malformed")
        return {"url": url}

    def hint(self, address: Address) -> str:
        """Return the service alone: all else may be a secret."""
        return self._scheme(address["url"])

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Let Apprise try once, for as long as one call may take; after that its process is killed."""
        url = address["url"]
        if self._scheme(url) not in self._schemes:
            raise NotDelivered("apprise_malformed", is_sure=True, is_final=True)
        services = LocalServices(wire.settings.local_services)
        _check_host(url, services)
        asked = {
            "url": url,
            "title": letter.subject,
            "body": letter.text(),
            "seconds": wire.seconds,
            "allowed": services.list_addresses(wire.seconds),
        }
        word = _run(asked, wire.seconds)
        if word == UNREADABLE:
            raise NotDelivered("apprise_malformed", is_sure=True, is_final=True)
        if word == REFUSED:
            raise NotDelivered("address_refused", is_sure=True, is_final=True)
        if word != SENT:
            raise NotDelivered("apprise_failed", is_sure=False)
        return Receipt(None, None)

    @staticmethod
    def _scheme(url: str) -> str:
        return url.partition("://")[0].strip().lower()

    @staticmethod
    def _open(url: str) -> Any:
        """Return Apprise's plugin for an address, None if unreadable; nothing is called."""
        import apprise  # it takes most of a second, and most processes never need it

        for name in ("apprise", "urllib3", "requests"):  # they log whole addresses
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _check_host(url: str, services: LocalServices) -> None:
    """Refuse an address that names a private one itself; raises NotDelivered.

    Nothing is looked up: with most services a token stands in the host's place, and whoever answers for names would
    read it. What a name leads to is looked at when it is called.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme.endswith("s") else 80)
        is_private = not is_public(host)
    except ValueError:
        return
    if is_private and not services.declares(host, port):
        raise NotDelivered("address_refused", is_sure=True, is_final=True)


def _run(asked: Mapping[str, Any], seconds: float) -> str:
    """Return the word that the process says; raises NotDelivered where it said none in time."""
    program = [sys.executable, "-P", str(Path(__file__).with_name("apprise_process.py"))]
    # its settings are none of its business, and a proxy of theirs would hide what is called
    environ = {name: value for name, value in os.environ.items() if name in _KEPT}
    try:
        done = subprocess.run(  # our own program; what a member typed goes by standard input
            program, input=json.dumps(asked).encode(), capture_output=True, timeout=seconds, env=environ, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotDelivered("timeout", is_sure=False) from None
    except OSError:
        raise NotDelivered("apprise_failed", is_sure=True) from None
    return done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
