"""One person's conversation as rows: what they wrote, what we answered, and everything that hangs on it."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from inbox.conversations.ordering import MIRROR
from tests.bench.shapes import Row

RAW_KEPT = timedelta(days=30)
# as long as a payload that was packed, and as hard to pack again
PAYLOAD = random.Random(4).randbytes(420)
_MIRROR = MIRROR.replace(tzinfo=None)
_MINUTE = timedelta(minutes=1)
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Place:
    """The thread in which people write."""

    channel_id: int
    kind: str
    thread_id: int

    @property
    def is_private(self) -> bool:
        """Whether it is an exchange with one person."""
        return self.kind == "direct"


class Crowd(Protocol):
    """What a conversation needs of the crowd that it is part of (see crowd.py)."""

    size: int
    contacts: int
    now: datetime
    chance: random.Random
    questions: list[str]
    answers: list[str]
    in_years: str
    message_id: int
    delivery_id: int

    def row(self, table: str, **given: Any) -> Row:
        """Return one row of a table."""

    def stamp(self, at: datetime, /) -> str:
        """Write a time."""


@dataclass(frozen=True)
class _State:
    """Where a conversation stands."""

    status: str
    awaits: bool
    is_answered: bool
    is_no_answer_needed: bool


def add_conversation(crowd: Crowd, rows: Rows, number: int, place: Place, seq: int) -> int:
    """Add a conversation with all its rows, its messages after `seq`; returns the thread's newest seq."""
    state = _choose_state(crowd.chance)
    asked_at = crowd.now - timedelta(days=730) * (1 - number / (crowd.size + 1)) - 3 * _MINUTE
    question_id = _add_question(crowd, rows, number, place, seq + 1, state, asked_at)
    newest_seq, answer_id, last_at = seq + 1, None, asked_at
    if state.is_answered:
        newest_seq, last_at = seq + 2, asked_at + 2 * _MINUTE
        answer_id = _add_answer(crowd, rows, number, place, newest_seq, last_at)
    queue_at = asked_at if state.awaits else _MIRROR + (_MIRROR - last_at)
    has_holder = state.status == "done" or crowd.chance.random() < 0.4
    rows["conversation"].append(
        crowd.row(
            "conversation",
            id=number,
            thread_id=place.thread_id,
            contact_id=_contact_id(crowd, number),
            channel_id=place.channel_id,
            is_private=int(place.is_private),
            kind=place.kind,
            status=state.status,
            assignee_id=1 + crowd.chance.randrange(60) if has_holder else None,
            team_id=1 + place.channel_id % 10,
            waiting_since=crowd.stamp(asked_at) if state.awaits else None,
            queue_at=crowd.stamp(queue_at),
            snoozed_until_at=crowd.in_years if state.status == "snoozed" else None,
            is_no_answer_needed=int(state.is_no_answer_needed),
            last_message_at=crowd.stamp(last_at),
            last_inbound_message_id=question_id,
            last_outbound_message_id=answer_id,
            last_inbound_seq=seq + 1,
            last_seq=newest_seq,
            created_at=crowd.stamp(asked_at),
        )
    )
    _add_labels(crowd, rows, number, state.status, queue_at)
    return newest_seq


def _choose_state(chance: random.Random) -> _State:
    status = chance.choices(("done", "open", "snoozed", "spam"), (900, 70, 20, 10))[0]
    awaits = status == "open" and chance.random() < 0.7
    is_answered = (status == "done" and chance.random() < 0.5) or (status == "open" and not awaits)
    needs_none = status in ("done", "open") and not awaits and not is_answered and chance.random() < 0.06
    return _State(status, awaits, is_answered, needs_none)


def _contact_id(crowd: Crowd, number: int) -> int:
    # far apart, as people come back after months; two of one thread are never the same
    return 1 + number * 7919 % crowd.contacts


def _add_question(crowd: Crowd, rows: Rows, number: int, place: Place, seq: int, state: _State, at: datetime) -> int:
    id_ = _next_message(crowd)
    stamped = crowd.stamp(at)
    settled = None if state.awaits else "answered" if state.is_answered else "excused"
    given = message_values(crowd, number, place, id_, seq, at) | {
        "direction": "inbound",
        "contact_id": _contact_id(crowd, number),
        "text": crowd.questions[id_ % len(crowd.questions)],
        "awaits": int(state.awaits),
        "awaits_reason": "thanks" if state.is_no_answer_needed else "question",
        "settled": settled,
        "settled_at": stamped if settled else None,
        "recheck_due_at": crowd.in_years if state.awaits else None,
    }
    rows["message"].append(crowd.row("message", **given))
    activity = {"kind": "message_received", "channel_id": place.channel_id, "conversation_id": number}
    rows["activity"].append(crowd.row("activity", id=id_, at=stamped, message_id=id_, **activity))
    if crowd.now - at < RAW_KEPT:
        kept = {"message_id": id_, "compressed": PAYLOAD, "received_at": stamped, "expires_at": crowd.in_years}
        rows["raw_payload"].append(crowd.row("raw_payload", id=id_, **kept))
    if id_ % 20 == 0:
        media = {"channel_id": place.channel_id, "message_id": id_, "is_private": int(place.is_private)}
        rows["media"].append(crowd.row("media", id=id_, url=f"https://pictures.example/m{id_}.jpg", **media))
    return id_


def _add_answer(crowd: Crowd, rows: Rows, number: int, place: Place, seq: int, at: datetime) -> int:
    id_, stamped, is_native = _next_message(crowd), crowd.stamp(at), crowd.chance.random() < 0.5
    text = crowd.answers[id_ % len(crowd.answers)]
    member_id = None if is_native else 1 + id_ % 60
    given = message_values(crowd, number, place, id_, seq, at) | {
        "direction": "outbound",
        "member_id": member_id,
        "text": text,
        "parent_external_id": f"at://message{id_ - 1:010}",
        "is_native": int(is_native),
    }
    rows["message"].append(crowd.row("message", **given))
    activity = {"channel_id": place.channel_id, "conversation_id": number, "member_id": member_id}
    kind = "native_answer" if is_native else "reply_sent"
    rows["activity"].append(crowd.row("activity", id=id_, at=stamped, message_id=id_, kind=kind, **activity))
    if not is_native:
        crowd.delivery_id += 1
        sent = {"id": crowd.delivery_id, "state": "sent", "message_id": id_, "text_as_stored": text}
        sent |= {"not_before_at": stamped, "created_at": stamped, "settled_at": stamped, "attempt_count": 1}
        sent |= {"reply_key": f"key{id_}", "outgoing": "{}", "seen_seq": seq - 1, "version": 4}
        sent |= activity
        rows["delivery"].append(crowd.row("delivery", **sent))
    return id_


def _next_message(crowd: Crowd) -> int:
    crowd.message_id += 1
    return crowd.message_id


def message_values(crowd: Crowd, number: int, place: Place, id_: int, seq: int, at: datetime) -> dict[str, Any]:
    """Return what every message has."""
    stamped = crowd.stamp(at)
    return {
        "id": id_,
        "thread_id": place.thread_id,
        "channel_id": place.channel_id,
        "conversation_id": number,
        "kind": place.kind,
        "audience": "private" if place.is_private else "public",
        "external_id": f"at://message{id_:010}",
        "platform_version": "bafyrei" + "x" * 52,
        "permalink": f"https://social.example/brand/{id_}",
        "seq": seq,
        "authored_at": stamped,
        "arrived_at": stamped,
        "received_at": stamped,
        "clock_at": stamped,
    }


def _add_labels(crowd: Crowd, rows: Rows, number: int, status: str, queue_at: datetime) -> None:
    """Every third has the popular label, every eighth one of the others."""
    label_ids = [1] if number % 3 == 0 else []
    if number % 8 == 0:
        label_ids.append(2 + crowd.chance.randrange(39))
    for label_id in label_ids:
        given = {"conversation_id": number, "label_id": label_id, "status": status, "queue_at": crowd.stamp(queue_at)}
        rows["conversation_label"].append(crowd.row("conversation_label", **given))
