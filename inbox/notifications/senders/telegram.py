"""Telegram: a bot of the installation's own writes into one chat (core.telegram.org/bots/api#sendmessage)."""

import re
from collections.abc import Mapping

from inbox.errors import Invalid
from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Field, Letter, NotDelivered, Receipt, Wire
from inbox.settings import Settings

SERVER = "https://api.telegram.org"
MOST_LETTERS = 4096
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64}")


class Telegram:
    """Writes by sendMessage; the id is the message's number in its chat."""

    kind = "telegram"
    has_receipt = True
    fields = (
        Field("token", _l("Bot token"), _l("From @BotFather. Write to the bot once, so that it may answer."), True),
        Field("chat", _l("Chat id"), _l("A number; @userinfobot tells you yours.")),
        Field("server", _l("Server, if it is not api.telegram.org"), is_optional=True, type="url"),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return token, chat and server."""
        found = addresses.typed(self.fields, given)
        if not _TOKEN.fullmatch(found["token"]) or not _CHAT.fullmatch(found["chat"]):
            raise Invalid("telegram_malformed")
        return found | {"server": addresses.origin(found["server"], SERVER)}

    def hint(self, address: Address) -> str:
        """Return the chat."""
        return address["chat"]

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Write one message without a preview of its links."""
        values = {
            "chat_id": address["chat"],
            "text": f"{letter.subject}\n{letter.text()}"[:MOST_LETTERS],
            "link_preview_options": {"is_disabled": True},  # a preview would call the link
            "disable_notification": not letter.is_alert and letter.kind == "summary",
        }
        answer = calls.json_of(calls.post_json(wire, f"{address['server']}/bot{address['token']}/sendMessage", values))
        result = answer.get("result")
        if answer.get("ok") is not True or not isinstance(result, dict):
            raise NotDelivered("broken_answer", is_sure=False)
        return Receipt(calls.word(result, "message_id"), "ok")
