"""One connected bot: the contract's methods, each handed to the module that knows."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from inbox.platforms.contract import Account, Malformed, Pushed, Refused
from inbox.platforms.items import Context, Cursor, Item, Look, Page, Stream, Unreadable
from inbox.platforms.outgoing import CannotLook, LookUp, Outgoing, Preflight, Sent, Verified
from inbox.platforms.shallow import load
from inbox.platforms.telegram import profile
from inbox.platforms.telegram.calls import Calls
from inbox.platforms.telegram.parse import WANTED
from inbox.platforms.telegram.reading import PAGE, Updates
from inbox.platforms.telegram.sending import LIKE, Writing

UPDATES = "updates"
CARRIES = "x-telegram-bot-api-secret-token"


@dataclass(frozen=True)
class TelegramConnection:
    """A contract.Connection and its Pushing; `page_size` is smaller in tests alone."""

    calls: Calls
    account: Account
    page_size: int = PAGE

    @cached_property
    def _updates(self) -> Updates:
        return Updates(self.calls, self.account, self.page_size)

    @cached_property
    def _writing(self) -> Writing:
        return Writing(self.calls, self.account)

    def streams(self) -> Sequence[Stream]:
        """Return the one list there is: whatever the bot is shown."""
        return (Stream(UPDATES),)

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next updates; there is no history to walk down (telegram.md §2)."""
        if stream != UPDATES:
            raise Refused(f"no such stream: {stream[:100]}")
        return self._updates.fetch(cursor)

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Bots can't look at a message again."""
        return {}

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Bots can't read what they were not shown."""
        return Context(None)

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse what was kept in quarantine again."""
        try:
            return self._updates.parse(load(raw))
        except ValueError:
            return [Unreadable(raw, "not_json")]

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Nothing can be fixed beforehand: there is no key and no id of ours."""
        return outgoing

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """Telegram gives the id."""
        return None

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look just before sending."""
        return self._writing.preflight(outgoing)

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Send once."""
        return self._writing.send(outgoing)

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """A bot can read back nothing that it wrote: only a person can tell."""
        return CannotLook("no_history", is_final=True)

    def as_stored(self, text: str) -> str:
        """Telegram cuts what is blank at both ends."""
        return text.strip()

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Put a thumb under a message."""
        self._writing.react(ref, LIKE)
        return {}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take it back."""
        self._writing.react(ref, None)

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not offered (Limits.can_hide)."""
        raise Refused("hiding is not offered", code="not_allowed")

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not offered (Limits.can_hide)."""
        raise Refused("hiding is not offered", code="not_allowed")

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a reply of ours."""
        return self._writing.delete(ref)

    def greet_push(self, params: Mapping[str, str]) -> str:
        """Telegram tries no address out."""
        raise Refused("nothing asks for this", code="not_allowed")

    def check_push(self, headers: Mapping[str, str], body: bytes) -> None:
        """Compare the secret that each push carries (telegram.md §3); raises Refused."""
        if not hmac.compare_digest(headers.get(CARRIES, "").encode(), self._push_secret().encode()):
            raise Refused("the secret is not ours", code="push_forged")

    def parse_push(self, body: bytes) -> Pushed:
        """Read a pushed update."""
        try:
            return Pushed(self._updates.parse(load(body)))
        except ValueError:
            raise Malformed("a push that is no JSON", body) from None

    def start_push(self) -> None:
        """Set the webhook; what was not asked for yet is pushed then."""
        body = {
            "url": self.account.push_url,
            "secret_token": self._push_secret(),
            "allowed_updates": list(WANTED),
            "drop_pending_updates": False,
        }
        self.calls.write("setWebhook", body)

    def stop_push(self) -> None:
        """Delete the webhook; what was not pushed yet is asked for then."""
        self.calls.write("deleteWebhook", {"drop_pending_updates": False})

    def verify(self) -> Verified:
        """Ask whose bot it is and what it can see."""
        return profile.verify(self.calls)

    def _push_secret(self) -> str:
        """Return the secret of our webhook: made of the token and the address, so that neither tells the other."""
        words = f"relevo push\0{self.account.push_url}".encode()
        return hmac.new(self.calls.token.encode(), words, hashlib.sha256).hexdigest()
