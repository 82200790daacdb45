"""E-mail over SMTP: `RELEVO_SMTP_URL=smtp://name:password@host:587` (STARTTLS) or `smtps://…:465`.

The operator names the server, so it may stand on a private address. A letter is surely not accepted until its last
line was handed over; from then on only the server's own answer is believed.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

from inbox.languages import later as _l
from inbox.notifications import addresses
from inbox.notifications.contract import Address, Field, Letter, NotDelivered, Receipt, Wire
from inbox.settings import Settings

_PORTS = {"smtp": 587, "smtps": 465}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Server:
    """Where letters are handed in."""

    host: str
    port: int
    name: str
    password: str
    tls: str  # starttls | whole | none


class Mail:
    """Hands a letter to the installation's server; its id is the Message-ID."""

    kind = "email"
    has_receipt = True
    fields = (Field("email", _l("E-mail address"), type="email"),)

    def is_ready(self, settings: Settings) -> bool:
        """Tell whether the operator named a server and an address to send from."""
        return bool(settings.smtp_url and settings.mail_from)

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the address."""
        return {"email": addresses.email(addresses.typed(self.fields, given)["email"])}

    def hint(self, address: Address) -> str:
        """Return the first letter and the host."""
        name, _, host = address["email"].rpartition("@")
        return f"{name[:1]}…@{host}"

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Hand one message over."""
        server = read_server(wire.settings.smtp_url or "")
        try:
            message = compose(wire.settings.mail_from or "", address["email"], letter)
        except ValueError:  # a line break where none may be
            raise NotDelivered("bad_address", is_sure=True, is_final=True) from None
        return Receipt(str(message["Message-ID"]), hand_over(server, message, wire.seconds))


def read_server(url: str) -> Server:
    """Return the server that an address names; raises NotDelivered where it can't be read."""
    wrong = NotDelivered("mail_not_set_up", is_sure=True, is_final=True)
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise wrong from None
    if not parts.hostname or not port:
        raise wrong
    tls = "whole" if parts.scheme == "smtps" else parse_qs(parts.query).get("tls", [""])[0]
    if tls not in ("whole", "starttls", "none"):
        tls = "none" if parts.hostname in _LOOPBACK else "starttls"
    return Server(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


def compose(sender: str, to: str, letter: Letter) -> EmailMessage:
    """Return the message: plain text, marked as automatic so that nobody's absence answers it."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, letter.subject
    message["Date"] = format_datetime(letter.at)
    host = _host_of(sender)
    # the same for each try: a mailbox that knows it shows a repeated one once
    message["Message-ID"] = f"<{letter.key}@{host}>" if host.isascii() else make_msgid()
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = letter.language
    message.set_content(letter.text() + "\n")
    return message


def hand_over(server: Server, message: EmailMessage, seconds: float) -> str:
    """Give the server a message within `seconds` and return its code; raises NotDelivered."""
    state = _Progress(time.monotonic() + seconds)
    try:
        with _connected(server, seconds, _host_of(str(message["From"]))) as link:
            if server.name:
                link.login(server.name, server.password)
            link.ehlo_or_helo_if_needed()
            _accept(link.mail(_bare(str(message["From"]))))
            _accept(link.rcpt(_bare(str(message["To"]))))
            state.has_begun = True
            code, _ = link.data(message.as_bytes())
            _accept((code, b""))
            return str(code)
    except NotDelivered:
        raise
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code) from None
    except (smtplib.SMTPException, OSError, ValueError, UnicodeError) as error:
        # nothing of the exception is kept: it may carry what was said while signing in
        raise NotDelivered(state.name(error), is_sure=not state.has_begun) from None


@dataclass
class _Progress:
    ends_at: float  # monotonic
    has_begun: bool = False

    def name(self, error: Exception) -> str:
        if time.monotonic() >= self.ends_at or isinstance(error, TimeoutError):
            return "timeout"
        if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
            return "tls_failed"
        if isinstance(error, socket.gaierror):
            return "host_not_found"
        if isinstance(error, ConnectionRefusedError):
            return "connection_refused"
        return "connection_lost"


@contextmanager
def _connected(server: Server, seconds: float, our_name: str) -> Iterator[smtplib.SMTP]:
    """Open a connection that ends after `seconds`, however slowly the other side speaks.

    `our_name` is said in its greeting; without one the library would look the machine's up, for as long as that takes.
    """
    context = ssl.create_default_context()
    link: smtplib.SMTP
    if server.tls == "whole":
        link = smtplib.SMTP_SSL(local_hostname=our_name, timeout=seconds, context=context)
    else:
        link = smtplib.SMTP(local_hostname=our_name, timeout=seconds)
    link._host = server.host  # type: ignore[attr-defined]  # the name that TLS checks, as the constructor sets it

    def hang_up() -> None:
        if link.sock is not None:
            link.sock.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, hang_up)
    watch.daemon = True
    watch.start()
    try:
        _accept(link.connect(server.host, server.port))
        if server.tls == "starttls":
            _accept(link.starttls(context=context))
        yield link
    finally:
        watch.cancel()
        link.close()


def _accept(answer: tuple[int, bytes]) -> None:
    if not 200 <= answer[0] < 300:
        raise _refused(answer[0])


def _refused(code: int) -> NotDelivered:
    """Return what the server's refusal means: 4xx may be accepted later, 5xx never, and both were not now."""
    return NotDelivered(
        f"smtp_{code}" if 100 <= code < 600 else "broken_answer", is_sure=True, is_final=500 <= code < 600
    )


def _host_of(address: str) -> str:
    return _bare(address).rpartition("@")[2] or "relevo.invalid"


def _bare(address: str) -> str:
    """Return the address alone of `Relevo <relevo@acme.example>`."""
    return address.rpartition("<")[2].rstrip("> ").strip()
