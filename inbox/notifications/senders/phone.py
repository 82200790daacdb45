"""Text messages and calls through an API of Twilio's shape (twilio.com/docs/messaging/api/message-resource).

The operator names the provider: `RELEVO_SMS_URL=https://SID:TOKEN@api.twilio.com` and `RELEVO_SMS_FROM=+…`.
"""

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape

from inbox.languages import later as _l
from inbox.notifications import addresses, calls
from inbox.notifications.contract import Address, Fate, Field, Letter, NotDelivered, Receipt, Wire
from inbox.settings import Settings

MOST_LETTERS = 600  # four parts of a text message
_VOICES = {"es": "es-ES", "en": "en-GB"}
_ARRIVED = frozenset({"delivered", "read", "completed", "in-progress"})
_LOST = frozenset({"failed", "undelivered", "busy", "no-answer", "canceled"})


class Phone(ABC):
    """What both share: the provider, the number, the sid and the states that it is asked for later."""

    kind: str
    resource: str
    has_receipt = True
    fields = (Field("number", _l("Phone number"), _l("With the country: +34 600 111 222."), type="tel"),)

    def is_ready(self, settings: Settings) -> bool:
        """Tell whether the operator named a provider and a number to send from."""
        return bool(settings.sms_url and settings.sms_from)

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the number in international form."""
        return {"number": addresses.phone(addresses.typed(self.fields, given)["number"])}

    def hint(self, address: Address) -> str:
        """Return the country's beginning and the last digits."""
        return f"{address['number'][:3]} … {address['number'][-3:]}"

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Ask the provider to send or call; it answers with a sid and says later what became of it."""
        base, headers = _provider(wire.settings)
        values = {"To": address["number"], "From": wire.settings.sms_from or ""} | self.content(letter)
        form = headers | {"content-type": "application/x-www-form-urlencoded"}
        found = calls.json_of(calls.post(wire, f"{base}/{self.resource}.json", urlencode(values).encode(), form))
        sid, state = calls.word(found, "sid"), calls.word(found, "status")
        if sid is None:
            raise NotDelivered("broken_answer", is_sure=False)
        if state in _LOST:
            raise NotDelivered(f"phone_{state}", is_sure=True)
        return Receipt(sid, state, is_looked_for=state not in _ARRIVED)

    def look(self, wire: Wire, external_id: str) -> tuple[Fate, str]:
        """Ask for a message's or call's state by its sid."""
        base, headers = _provider(wire.settings)
        found = calls.json_of(calls.get(wire, f"{base}/{self.resource}/{quote(external_id, safe='')}.json", headers))
        state = calls.word(found, "status") or ""
        fate = Fate.ARRIVED if state in _ARRIVED else Fate.LOST if state in _LOST else Fate.WAITING
        return fate, state

    @abstractmethod
    def content(self, letter: Letter) -> dict[str, str]:
        """Return the fields that carry the letter."""


class Sms(Phone):
    """A text message."""

    kind, resource = "sms", "Messages"

    def content(self, letter: Letter) -> dict[str, str]:
        """Return the text: subject, lines, links, cut in the lines where it is long."""
        links = [link for link in (letter.acknowledge_url or letter.url,) if link]
        words = "\n".join((letter.subject, *letter.lines))
        room = MOST_LETTERS - sum(len(link) + 1 for link in links)
        return {"Body": "\n".join((words[: max(room, 0)], *links))}


class Voice(Phone):
    """A call that reads the letter aloud, twice: who is woken up misses the beginning."""

    kind, resource = "voice", "Calls"

    def content(self, letter: Letter) -> dict[str, str]:
        """Return TwiML; links are not read aloud, and a code digit by digit."""
        spoken = ". ".join((letter.subject, *letter.lines[: letter.own_line_count], *letter.also))
        if letter.code:
            spoken = spoken.replace(letter.code, ", ".join(letter.code))
        say = f'<Say language="{_VOICES.get(letter.language, "en-GB")}">{escape(spoken[:MOST_LETTERS])}</Say>'
        return {"Twiml": f'<Response>{say}<Pause length="1"/>{say}</Response>'}


def _provider(settings: Settings) -> tuple[str, dict[str, str]]:
    """Return the base of the provider's addresses and the header that opens it; raises NotDelivered without one."""
    try:
        parts = urlsplit(settings.sms_url or "")
        where = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        raise NotDelivered("phone_not_set_up", is_sure=True, is_final=True) from None
    if not parts.hostname or not parts.username or not parts.password:
        raise NotDelivered("phone_not_set_up", is_sure=True, is_final=True)
    sid, token = unquote(parts.username), unquote(parts.password)
    basic = base64.b64encode(f"{sid}:{token}".encode()).decode()
    path = f"{parts.path.rstrip('/')}/2010-04-01/Accounts/{quote(sid, safe='')}"
    return where + path, {"authorization": f"Basic {basic}"}
