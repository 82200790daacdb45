"""Browser: a push message, shown by our service worker even while no page of ours is open (RFC 8030, 8291, 8292).

Each browser has a pair of keys of its own, made when it subscribes and sealed with its address (decision 0036).
"""

import json
from collections.abc import Mapping

from inbox.errors import Invalid
from inbox.fetch import Answer
from inbox.languages import later as _l
from inbox.notifications import addresses, calls, sealing, web_push
from inbox.notifications.contract import Address, Field, Letter, NotDelivered, Receipt, Wire
from inbox.notifications.web_push import Keys
from inbox.settings import Settings

LONGEST_ENDPOINT, LONGEST_KEY = 2000, 500
GONE = "push_gone"
# How long the push service keeps what a browser that is off can't take: an alert is told again before that.
_KEPT_SECONDS = {"verification": 900, "test": 900, "alert": 3600}
_KEPT_OTHERWISE_SECONDS = 4 * 3600
_UNSUBSCRIBED = frozenset({"http_404", "http_410"})


class Browser:
    """Posts to the address that the browser's maker gave it; who reads on the way reads nothing."""

    kind = "browser"
    has_receipt = True
    fields = (
        Field("endpoint", _l("Address"), is_secret=True),
        Field("p256dh", _l("Public key"), is_secret=True),
        Field("auth", _l("Secret"), is_secret=True),
        Field("key", _l("Our key"), is_secret=True),
    )

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it needs nothing of the installation; whether the browser can, its page finds out."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return address and keys of a subscription, and our own key, which came along sealed."""
        endpoint, p256dh, auth, key = (given.get(field.name, "").strip() for field in self.fields)
        if not (endpoint and p256dh and auth and key):
            raise Invalid("push_missing")
        if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isprintable() or len(p256dh + auth + key) > LONGEST_KEY:
            raise Invalid("push_malformed")
        try:
            is_whole = web_push.is_point(p256dh) and len(web_push.to_bytes(auth)) == web_push.AUTH_BYTES
            ours = sealing.unseal(key.encode())
            kept = {"private": str(ours["private"]), "public": str(ours["public"])}
        except (Invalid, ValueError, KeyError):
            is_whole = False
        if not is_whole:
            raise Invalid("push_malformed")
        return kept | {"endpoint": addresses.web(endpoint), "p256dh": p256dh, "auth": auth}

    def hint(self, address: Address) -> str:
        """Return the push service's host: whoever has the path can write there."""
        return addresses.host_of(address["endpoint"])

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Post one encrypted message; raises NotDelivered, which says so where the browser is subscribed no more."""
        keys = Keys(address["private"], address["public"])
        body = web_push.encrypt(as_message(letter), address["p256dh"], address["auth"])
        headers = {
            "authorization": web_push.authorization(keys, address["endpoint"], _contact(wire.settings), letter.at),
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(_KEPT_SECONDS.get(letter.kind, _KEPT_OTHERWISE_SECONDS)),
            "urgency": "high" if letter.is_alert or letter.code else "normal",
        }
        try:
            answer = calls.post(wire, address["endpoint"], body, headers)
        except NotDelivered as error:
            if error.code not in _UNSUBSCRIBED:
                raise
            raise NotDelivered(GONE, is_sure=True, is_final=True, is_gone=True) from None
        return Receipt(_message_id(answer), str(answer.status))


def new_key() -> tuple[str, str]:
    """Return a new browser's public key, which it subscribes with, and the pair sealed, which it hands back."""
    keys = web_push.new_keys()
    return keys.public, sealing.seal({"private": keys.private, "public": keys.public}).decode()


def as_message(letter: Letter) -> bytes:
    """Return what the service worker (static/js/push_worker.js) reads; a long text is cut to what fits."""
    values: dict[str, object] = {
        "title": letter.subject,
        "url": letter.url,
        "acknowledge_url": letter.acknowledge_url,
        "acknowledge_word": letter.acknowledge_word,
        "tag": letter.key,  # a repeated one takes the place of the first
        "lang": letter.language,
        "is_alert": letter.is_alert,
    }
    lines = letter.lines[: letter.own_line_count]
    body = "\n".join((*lines, *(f"+ {subject}" for subject in letter.also)))
    while len(message := json.dumps(values | {"body": body}, ensure_ascii=False).encode()) > web_push.MOST_BYTES:
        body = body[: len(body) * 3 // 4]
    return message


def _contact(settings: Settings) -> str:
    """Return whom a push service may write to about us: it wants an address of the web or of mail."""
    if settings.public_url and settings.public_url.startswith("https://"):
        return settings.public_url
    return f"mailto:{settings.mail_from}" if settings.mail_from else "mailto:operator@relevo.local"


def _message_id(answer: Answer) -> str | None:
    return answer.headers.get("location", "").rpartition("/")[2][:200] or None
