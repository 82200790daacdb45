"""What every platform must answer, and in which words; it knows nothing of the database, Flask or Celery.

Two shapes exist and both fit: feeds (one list of notifications) and pages (posts, comments a post,
private threads, reply windows, push). Streams are named `mentions`, `own_posts`, `direct` and
`comments:<post external id>`; a cursor is a JSON object that only its connector understands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from inbox.errors import RelevoError
from inbox.platforms.items import Context, Cursor, Item, Look, Page, Stream
from inbox.platforms.outgoing import LookUp, Outgoing, Preflight, Sent, Verified
from inbox.platforms.shallow import load
from inbox.security import scrub
from inbox.settings import Pace


class PlatformError(RelevoError):
    """A platform's refusal or failure; `code` is stable, `detail` the platform's own words (scrubbed).

    `is_surely_not_accepted` tells a sender that a write certainly did nothing (RULES D2).
    """

    status: ClassVar[int] = 502
    default_code: ClassVar[str] = "platform_error"

    def __init__(self, detail: str = "", *, code: str | None = None, is_surely_not_accepted: bool = False) -> None:
        self.detail = scrub(detail)
        super().__init__(code or self.default_code, detail=self.detail)
        self.is_surely_not_accepted = is_surely_not_accepted


class TokenExpired(PlatformError):
    """The credential is dead and can't be refreshed: a person must reconnect."""

    default_code = "token_expired"


class PermissionMissing(PlatformError):
    """The credential lives but lacks a permission; `code` may say which, e.g. permission_missing_direct."""

    default_code = "permission_missing"


class RateLimited(PlatformError):
    """Asked too often; `until_at` is when asking is allowed again (aware UTC).

    `is_ours`: a limit that we keep by ourselves, so that the platform need not; it is nobody's trouble.
    """

    default_code = "rate_limited"

    def __init__(self, until_at: datetime, detail: str = "", *, code: str | None = None, is_ours: bool = False) -> None:
        super().__init__(detail, code=code, is_surely_not_accepted=True)
        self.until_at = until_at
        self.is_ours = is_ours


class Gone(PlatformError):
    """The thing asked for is not there (any more)."""

    default_code = "gone"


class Refused(PlatformError):
    """The platform read the request and said no; `detail` is its reason, `code` ours where known.

    Codes: text_too_long, window_closed, not_allowed, blocked, duplicate, parent_gone, wider_audience, refused.
    """

    default_code = "refused"


class Unclear(PlatformError):
    """Something went wrong after the first byte of a write: it may have been accepted."""

    default_code = "unclear"


class Unavailable(PlatformError):
    """No usable answer: DNS, connect, TLS, time-out on a read, 5xx.

    Codes: host_not_found, connection_refused, tls_failed, timeout, server_error, address_refused (a
    private address), plain_http_refused, not_this_platform, unavailable.
    """

    default_code = "unavailable"


class Malformed(PlatformError):
    """The answer was not what the platform documents; `payload` is what came, at most 64 KiB."""

    default_code = "malformed"

    def __init__(self, detail: str = "", payload: bytes = b"") -> None:
        super().__init__(detail)
        self.payload = payload[:65536]


class TooLarge(Malformed):
    """The answer is larger than what is read at once; `head` is how it begins. Less may be asked for."""

    def __init__(self, head: bytes = b"") -> None:
        super().__init__("too_large")
        self.head = head


@dataclass(frozen=True)
class Secret:
    """A credential in the clear, in memory only: `values` as the connector made them."""

    values: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None


class SecretKeeper(Protocol):
    """How a connector gets its credential and has a refreshed one kept before it is used."""

    def current(self) -> Secret:
        """Return the credential as last kept."""
        ...

    def refresh(self, refresher: "Refresher", stale: Secret) -> Secret:
        """Let one process refresh; others wait and get the new one. Commits before returning."""
        ...


class Refresher(Protocol):
    """Exchanges an old credential for a new one at the platform; raises TokenExpired when it is dead."""

    def __call__(self, old: Secret) -> Secret:
        """Return the new credential."""
        ...


class Connection(Protocol):
    """One connected account: a connector with its credential and its guarded HTTP client.

    Every method raises only PlatformError.
    """

    def streams(self) -> Sequence[Stream]:
        """Return the streams of the account (comment streams of posts are added from PostSeen)."""
        ...

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next page. `cursor` None: from the beginning (the import span is in the items' times).

        `is_deep`: the nightly walk, which goes on below what is known.
        """
        ...

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Look again at messages: {external id: ref}; batched inside; missing ids mean Unknown."""
        ...

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return the post that a message hangs on and its ancestors, for display."""
        ...

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse what was kept in quarantine again (replay); pure."""
        ...

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Fix beforehand what can be fixed (own id, createdAt) from `key`; pure, called once when queued."""
        ...

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """Return the external id that the reply will have, where it is known beforehand."""
        ...

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look just before sending, within 5 s."""
        ...

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Make the one write call: fresh connection, 20 s in all, no redirects, no retries."""
        ...

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look for a reply that may have been accepted."""
        ...

    def as_stored(self, text: str) -> str:
        """Return `text` as the platform will show it back, for matching (RULES D4); pure."""
        ...

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like a message; returns what unlike needs. Idempotent by `key`."""
        ...

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take a like back."""
        ...

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Hide somebody's message where the platform has it."""
        ...

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Show it again."""
        ...

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a reply of ours; False where there is none: gone already, or not shown yet."""
        ...

    def verify(self) -> Verified:
        """Ask whose account it is, whether it lives and what it may."""
        ...


class ReadBack(Protocol):
    """What a connection has besides, as `read_back`, where its platform answers a write with an id alone."""

    def __call__(self, sent: Sent, outgoing: Outgoing) -> Sent:
        """Read a reply of ours, to learn where it stands; `parent_id` None: it is not told."""
        ...


def find_read_back(connection: Connection) -> ReadBack | None:
    """Return a connection's `read_back`, None where it has none.

    It is asked for by name: from Python 3.12 on isinstance and a protocol see nothing that `__getattr__` gives, and
    connections are wrapped by that (slips.py).
    """
    found: ReadBack | None = getattr(connection, "read_back", None)
    return found


@dataclass(frozen=True)
class Pushed:
    """What a push says: items to take in, and the names of streams that should be read now."""

    items: Sequence[Item] = ()
    due: Sequence[str] = ()


class Pushing(Protocol):
    """What a connection has besides where its platform pushes (`Limits.can_push`); the address is the account's.

    Every method raises only PlatformError.
    """

    def greet_push(self, params: Mapping[str, str]) -> str:
        """Return what the address answers when the platform tries it out; raises Refused. Pure."""
        ...

    def check_push(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check a push on its raw bytes (header names in lower case); raises Refused when it is forged. Pure."""
        ...

    def parse_push(self, body: bytes) -> Pushed:
        """Read a push that was checked."""
        ...

    def start_push(self) -> None:
        """Let the platform push to the account's `push_url`."""
        ...

    def stop_push(self) -> None:
        """Let it push no more."""
        ...


@dataclass(frozen=True)
class BudgetSeen:
    """What an answer said about how much may still be asked; None where it said nothing.

    `paused_until_at`: ask nothing before (429 and its kin). `is_of_app`: it is the budget of our app, which all its
    channels share. `sunset_at`: when what we ask by ends. `silent_count`: of a host, how often it did not answer.
    """

    limit_count: int | None = None
    remaining_count: int | None = None
    resets_at: datetime | None = None
    paused_until_at: datetime | None = None
    is_of_app: bool = False
    sunset_at: datetime | None = None
    silent_count: int | None = None


class Connector(Protocol):
    """One platform: makes connections and says what connecting needs.

    One whose app has a budget of its own, which all its channels share, says `has_app_budget = True`.
    """

    platform: str
    is_sandbox: bool

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read an answer's headers (names in lower case); None when they say nothing; pure."""
        ...

    def sign_in(self, given: Mapping[str, str], http: "Http") -> tuple[Secret, Verified]:
        """Turn what a member typed (handle, app_password, service_url, …) into a credential.

        Raises PlatformError with a code that the web words: host_not_found, tls_failed,
        plain_http_refused, sign_in_refused, handle_unknown, permission_missing_direct …
        `given["public_only"] == "1"`: the member accepted a channel without private messages.
        """
        ...

    def connect(self, keeper: SecretKeeper, http: "Http", account: "Account") -> Connection:
        """Open a connection for an account that was signed in before."""
        ...


@dataclass(frozen=True)
class Account:
    """The platform's account behind a channel, as a connector needs it."""

    external_id: str
    scope: str
    handle: str
    service_url: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    push_url: str = field(default="", repr=False)  # where the platform pushes; empty: it does not


@dataclass(frozen=True)
class Answered:
    """A platform's HTTP answer: at most `Http`'s size limit of body, whatever the status.

    `asked_at` and `had_at`: between which times, by our clock, it was written.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    asked_at: datetime | None = None
    had_at: datetime | None = None

    def json(self) -> Any:
        """Return the body parsed, what is nested too deeply left out (shallow.py); raises Malformed."""
        try:
            return load(self.body)
        except ValueError:
            raise Malformed(f"not JSON (HTTP {self.status})", self.body) from None


class Http(Protocol):
    """The guarded client that connectors talk through (platforms/http.py)."""

    def read(
        self,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 10,
        method: str = "GET",
        body: bytes | None = None,
        is_for_send: bool = False,
        path_secret: str = "",
    ) -> Answered:
        """Make a call that changes nothing (or may be repeated); returns any HTTP answer.

        Raises Unavailable, or RateLimited when the budget is spent: before the platform is asked.
        `is_for_send`: the call serves a reply and may use what polls must leave. `path_secret`: a secret that
        the path holds (Telegram's token): no log, no error and no answer repeats it.
        """
        ...

    def write(
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_seconds: float = 20,
        path_secret: str = "",
    ) -> Answered:
        """Make a call once on a fresh connection, no redirects, no retries.

        Raises Unavailable with `is_surely_not_accepted` for DNS, connect, TLS and pool errors, Unclear for
        everything after the first byte; returns any HTTP answer, 4xx and 5xx included.
        """
        ...
