"""Everything an operator can set, read once from the environment, and every length of time in one table."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from inbox.errors import Invalid

_CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Pace:
    """Every length of time in the rules, in seconds; `at(10)` divides them all by ten (chaos)."""

    # E4: how often a stream is read
    poll_lively_seconds: float = 15
    poll_idle_seconds: float = 60
    poll_longest_seconds: float = 120
    lively_for_seconds: float = 600
    comments_poll_seconds: float = 120
    comments_stream_days_seconds: float = 14 * 86400
    comments_after_last_seconds: float = 7 * 86400
    deep_walk_seconds: float = 86400
    overlap_seconds: float = 5
    overlap_indexed_seconds: float = 3600
    verify_seconds: float = 480
    quiet_factor_seconds: float = 6 * 3600
    quiet_hour_seconds: float = 3600
    quiet_week_seconds: float = 7 * 86400
    # promise 3: what does not mend itself reaches a person after this long
    channel_alert_seconds: float = 600
    token_warned_seconds: tuple[float, ...] = (14 * 86400, 3 * 86400, 86400)
    stream_lease_seconds: float = 120
    failure_backoff_seconds: float = 15
    failure_backoff_longest_seconds: float = 120
    sweep_seconds: float = 2
    # E2, A6: second looks
    recheck_awaiting_seconds: float = 900
    recheck_answered_first_seconds: float = 3600
    recheck_answered_second_seconds: float = 86400
    recheck_answered_last_seconds: float = 7 * 86400
    gone_confirm_seconds: float = 60
    gone_erase_seconds: float = 86400
    raw_keep_seconds: float = 30 * 86400
    # C1, C6
    late_clock_margin_seconds: float = 600
    skew_shown_seconds: float = 60
    import_span_seconds: float = 86400
    check_before_breach_seconds: float = 60
    # D: sending
    hold_seconds: float = 8
    hold_longest_seconds: float = 30
    send_lease_seconds: float = 120
    send_lease_left_seconds: float = 60
    write_call_seconds: float = 20
    stuck_seconds: float = 2
    preflight_seconds: float = 5
    look_seconds: tuple[float, ...] = (5, 30, 120, 300)
    absent_apart_seconds: float = 120
    held_back_seconds: float = 600
    leave_late_seconds: float = 900
    paused_hold_seconds: float = 900
    gone_within_seconds: float = 86400
    notify_again_seconds: float = 60
    # F: alerts
    alert_lease_seconds: float = 60
    alert_check_seconds: float = 5
    alert_again_seconds: float = 900
    import_settles_seconds: float = 15
    unreachable_again_seconds: float = 300
    acknowledged_seconds: float = 1800
    alert_link_seconds: float = 86400
    # F: how members are reached
    notify_call_seconds: float = 10
    notify_retry_seconds: tuple[float, ...] = (10, 60)
    notify_minute_seconds: float = 60
    notify_hour_seconds: float = 3600
    notify_look_seconds: tuple[float, ...] = (10, 30, 120, 600)
    code_seconds: float = 900
    codes_seconds: float = 3600
    # C4: feeds of calendars
    feed_seconds: float = 12 * 3600
    feed_again_seconds: float = 3600
    feed_lease_seconds: float = 300
    # the engine's own watch; what it calls standing still does not go faster with the rest (inbox/watch/judging.py)
    watch_again_seconds: float = 3600
    heartbeat_seconds: float = 60
    # A7
    active_seconds: float = 7200
    # the web
    undo_seconds: float = 8
    stream_life_seconds: float = 600
    stream_gather_seconds: float = 0.25
    stream_reread_seconds: float = 15
    stream_revoke_seconds: float = 10
    one_time_password_seconds: float = 3600
    invitation_seconds: float = 72 * 3600
    session_idle_seconds: float = 14 * 86400
    session_life_seconds: float = 90 * 86400
    seen_every_seconds: float = 60

    def paced(self, seconds: float) -> float:
        """Return a length that a platform or a member declared at pace 1, as it is at this pace."""
        return seconds * self.sweep_seconds / Pace().sweep_seconds

    def at(self, speed: float) -> "Pace":
        """Return a pace `speed` times as fast."""
        changed: dict[str, object] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            changed[f.name] = tuple(v / speed for v in value) if isinstance(value, tuple) else value / speed
        return replace(self, **changed)  # type: ignore[arg-type]  # every field is a length


@dataclass(frozen=True)
class Settings:
    """What this installation is told from outside; see docs/run.md for each variable."""

    data_dir: Path
    database_url: str
    redis_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    environment: str = "local"
    host: str = "127.0.0.1"
    port: int = 8000
    stream_url: str | None = None
    stream_cap: int = 300
    public_url: str | None = None
    local_services: frozenset[str] = frozenset()
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    sms_url: str | None = field(default=None, repr=False)
    sms_from: str | None = None
    last_resort_url: str | None = field(default=None, repr=False)
    heartbeat_url: str | None = field(default=None, repr=False)
    trusted_proxies: int = 0
    is_sandbox_wanted: bool = True
    keys_beside_database: bool = False
    pace: Pace = Pace()

    @property
    def is_production(self) -> bool:
        """Tell whether the operator said that this is the real thing."""
        return self.environment == "production"

    @property
    def stream_port(self) -> int:
        """The port of the event streams: the web's, plus one."""
        return self.port + 1

    @property
    def media_dir(self) -> Path:
        """Where fetched pictures are cached."""
        return self.data_dir / "media"

    @property
    def sandbox_off(self) -> Path:
        """The file whose presence tells `relevo up` that the sandbox was put away."""
        return self.data_dir / "sandbox" / "off"

    def read_secret_keys(self) -> tuple[str, ...]:
        """Return the keys as they are kept now; `relevo keys rotate` adds one while processes run."""
        return _secret_keys(os.environ, self.data_dir)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read RELEVO_*, DATABASE_URL and REDIS_URL; raises Invalid naming what is wrong."""
        env = os.environ if environ is None else environ
        data_dir = Path(env.get("RELEVO_DATA") or _default_data_dir()).expanduser().resolve()
        pace = Pace().at(_number(env, "RELEVO_PACE", 1.0))
        return cls(
            data_dir=data_dir,
            database_url=_database_url(env.get("DATABASE_URL"), data_dir),
            redis_url=env.get("REDIS_URL") or f"unix://{data_dir / 'redis' / 'redis.sock'}?db=0",
            secret_keys=_secret_keys(env, data_dir),
            environment=env.get("RELEVO_ENV", "local"),
            host=env.get("RELEVO_HOST", "127.0.0.1"),
            port=int(_number(env, "RELEVO_PORT", 8000)),
            stream_url=env.get("RELEVO_STREAM_URL") or None,
            stream_cap=int(_number(env, "RELEVO_STREAM_CAP", 300)),
            public_url=env.get("RELEVO_PUBLIC_URL") or None,
            local_services=frozenset(_words(env.get("RELEVO_LOCAL_SERVICES", ""))),
            smtp_url=env.get("RELEVO_SMTP_URL") or None,
            mail_from=env.get("RELEVO_MAIL_FROM") or None,
            sms_url=env.get("RELEVO_SMS_URL") or None,
            sms_from=env.get("RELEVO_SMS_FROM") or None,
            last_resort_url=env.get("RELEVO_LAST_RESORT_URL") or None,
            heartbeat_url=env.get("RELEVO_HEARTBEAT_URL") or None,
            trusted_proxies=int(_number(env, "RELEVO_TRUSTED_PROXIES", 0)),
            is_sandbox_wanted=env.get("RELEVO_SANDBOX", "1") != "0",
            keys_beside_database=env.get("RELEVO_KEYS_BESIDE_DATABASE", "0") == "1",
            pace=pace,
        )


def _default_data_dir() -> Path:
    if (_CHECKOUT / "relevo").exists():
        return _CHECKOUT / "data"
    return Path.home() / ".local" / "share" / "relevo"


def _database_url(given: str | None, data_dir: Path) -> str:
    if not given:
        return f"sqlite:///{data_dir / 'relevo.sqlite'}"
    for prefix in ("postgres://", "postgresql://"):
        if given.startswith(prefix):
            return "postgresql+psycopg://" + given.removeprefix(prefix)
    return given


def _secret_keys(env: Mapping[str, str], data_dir: Path) -> tuple[str, ...]:
    given = env.get("RELEVO_SECRET_KEYS", "")
    kept = data_dir / "secret_keys"
    if not given and kept.exists():
        given = kept.read_text()
    return tuple(_words(given))


def _words(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word]


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "")
    try:
        return float(text) if text else default
    except ValueError:
        raise Invalid("setting_not_a_number", name=name, value=text) from None
