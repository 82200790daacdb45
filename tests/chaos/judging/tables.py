"""Reads the product's tables with plain SQL, as they are on either database; knows columns, and no code of the product.

Times become seconds since 1970, as in the ledger; JSON becomes what it holds; flags become bool.
"""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, Result, column, create_engine, select, table

Row = TypeVar("Row")
Json = Any


@dataclass(frozen=True)
class Channel:
    id: int
    platform: str
    external_id: str
    preferences: Json
    connected_at: float
    import_since_at: float | None
    import_done_at: float | None


@dataclass(frozen=True)
class ChannelStream:
    id: int
    channel_id: int
    name: str
    complete_started_at: float | None


@dataclass(frozen=True)
class Contact:
    id: int
    platform: str
    external_id: str


@dataclass(frozen=True)
class Thread:
    id: int
    channel_id: int
    is_private: bool
    joined_into_id: int | None
    last_seq: int


@dataclass(frozen=True)
class Conversation:
    id: int
    thread_id: int
    contact_id: int
    channel_id: int
    is_private: bool
    status: str
    waiting_since: float | None
    due_at: float | None
    joined_into_id: int | None


@dataclass(frozen=True)
class Message:
    id: int
    thread_id: int
    channel_id: int
    conversation_id: int | None
    contact_id: int | None
    direction: str
    audience: str
    external_id: str | None
    text: str
    seq: int | None
    authored_at: float | None
    arrived_at: float | None
    received_at: float
    clock_at: float
    awaits: bool
    awaits_reason: str | None
    settled: str | None
    settled_at: float | None
    answered_by_message_id: int | None
    is_native: bool
    is_automatic: bool
    is_whom_said: bool
    is_held_back: bool
    gone_at: float | None
    gone_reason: str | None
    erase_due_at: float | None
    erased_at: float | None

    @property
    def is_inbound(self) -> bool:
        """Whether somebody else than us wrote it."""
        return self.direction == "inbound"


@dataclass(frozen=True)
class MessageVersion:
    id: int
    message_id: int
    number: int
    text: str
    seen_at: float


@dataclass(frozen=True)
class RawPayload:
    id: int
    message_id: int


@dataclass(frozen=True)
class Post:
    id: int
    channel_id: int
    external_id: str
    text: str


@dataclass(frozen=True)
class Quarantined:
    id: int
    channel_id: int
    stream_name: str
    compressed: bytes
    reason_code: str
    resolution: str | None


@dataclass(frozen=True)
class Answer:
    id: int
    reply_message_id: int
    conversation_id: int
    up_to_seq: int
    created_at: float


@dataclass(frozen=True)
class Delivery:
    id: int
    kind: str
    reply_key: str | None
    channel_id: int | None
    conversation_id: int | None
    message_id: int | None
    state: str
    seen_seq: int
    seen_after_seq: int
    also_answers: Json
    outgoing: Json
    lease_until_at: float | None
    gone_reason: str | None
    created_at: float
    settled_at: float | None


@dataclass(frozen=True)
class Attempt:
    id: int
    delivery_id: int
    number: int
    started_at: float
    lease_until_at: float
    ended_at: float | None
    outcome: str | None


@dataclass(frozen=True)
class Activity:
    id: int
    at: float
    kind: str
    member_id: int | None
    conversation_id: int | None
    message_id: int | None
    before: Json
    after: Json


@dataclass(frozen=True)
class SlaPolicyVersion:
    id: int
    policy_id: int
    target_seconds: int
    calendar_version_id: int | None


@dataclass(frozen=True)
class Timer:
    id: int
    conversation_id: int
    channel_id: int
    since_at: float
    started_at: float
    due_at: float | None
    breached_at: float | None
    ended_at: float | None
    outcome: str | None
    met_by_message_id: int | None


@dataclass(frozen=True)
class AlertTimer:
    id: int
    alert_id: int
    timer_id: int
    gone_at: float | None


@dataclass(frozen=True)
class Tables:
    """Every row that is judged."""

    channels: list[Channel]
    streams: list[ChannelStream]
    contacts: list[Contact]
    threads: list[Thread]
    conversations: list[Conversation]
    messages: list[Message]
    versions: list[MessageVersion]
    raw_payloads: list[RawPayload]
    posts: list[Post]
    quarantine: list[Quarantined]
    answers: list[Answer]
    deliveries: list[Delivery]
    attempts: list[Attempt]
    activity: list[Activity]
    policies: list[SlaPolicyVersion]
    timers: list[Timer]
    alert_timers: list[AlertTimer]


def read(database_url: str) -> Tables:
    """Read all tables in one transaction."""
    for prefix in ("postgres://", "postgresql://"):
        if database_url.startswith(prefix):
            database_url = "postgresql+psycopg://" + database_url.removeprefix(prefix)
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            return _read(connection)
    finally:
        engine.dispose()


def _read(connection: Connection) -> Tables:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    return Tables(
        channels=_rows(connection, Channel, "channel"),
        streams=_rows(connection, ChannelStream, "channel_stream"),
        contacts=_rows(connection, Contact, "contact"),
        threads=_rows(connection, Thread, "thread"),
        conversations=_rows(connection, Conversation, "conversation"),
        messages=_rows(connection, Message, "message"),
        versions=_rows(connection, MessageVersion, "message_version"),
        raw_payloads=_rows(connection, RawPayload, "raw_payload"),
        posts=_rows(connection, Post, "post"),
        quarantine=_rows(connection, Quarantined, "quarantined"),
        answers=_rows(connection, Answer, "answer"),
        deliveries=_rows(connection, Delivery, "delivery"),
        attempts=_rows(connection, Attempt, "attempt"),
        activity=_rows(connection, Activity, "activity"),
        policies=_rows(connection, SlaPolicyVersion, "sla_policy_version"),
        timers=_rows(connection, Timer, "timer"),
        alert_timers=_rows(connection, AlertTimer, "alert_timer"),
    )


def _rows(connection: Connection, kind: type[Row], name: str) -> list[Row]:
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # each kind is a dataclass
    found: Result[Any] = connection.execute(select(*map(column, names)).select_from(table(name)).order_by(column("id")))
    readers = [_reader(hints[one]) for one in names]
    return [kind(*[reader(value) for reader, value in zip(readers, row, strict=True)]) for row in found]


def _reader(hint: Any) -> Any:
    if hint in (float, float | None):
        return _seconds
    if hint is bool:
        return bool
    if hint is Json:
        return _json
    if hint is bytes:
        return bytes
    return _same


def _same(value: Any) -> Any:
    return value


def _seconds(value: datetime | str | None) -> float | None:
    """SQLite keeps UTC as text without a zone, PostgreSQL gives aware times."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp()


def _json(value: Any) -> Any:
    found = json.loads(value) if isinstance(value, str) else value
    return {} if found is None else found
