"""How the access tests call a route: which ids, which form, as whom; and how they look for traces."""

import hashlib
from collections.abc import Iterable
from itertools import chain
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from inbox.members.models import Member
from inbox.tables import METADATA
from tests.access.routes import STRINGS, Route, list_routes
from tests.access.world import MARKER, NOWHERE, SAID, Side, World
from tests.factories.members import sign_in_as

# Calendars are everybody's: all leads set them, so none is another team's (tests/desk/test_calendars.py).
SHARED = {"calendar_id", "proposal_id"}
WITH_PARAMETERS = [route for route in list_routes() if set(route.parameters) - SHARED]
READING = [route for route in list_routes() if route.method == "GET"]
# Shown only after a fetch from the platform, which tests/media proves.
NEEDS_A_PLATFORM = {"media.show"}
# What belongs to no team: whoever is signed in reads it, and whoever leads a team changes it.
SHARED |= {"rotation_id", "override_id"}


def foreign_values(route: Route, world: World) -> list[dict[str, Any]]:
    """Each parameter foreign alone, then all of them; from the public and from the private side."""
    named = [name for name in route.parameters if (route.endpoint, name) not in STRINGS]
    fixed: dict[str, Any] = {name: STRINGS[route.endpoint, name] for name in route.parameters if name not in named}
    ours = {name: world.ours.ids[name] for name in named}
    if named and set(named) <= SHARED:
        return [{**fixed, **ours, name: 999_999_999} for name in named]
    choices: list[dict[str, Any]] = []
    for side in (world.theirs, world.their_private):
        theirs = {name: side.ids[name] for name in named}
        choices += [{**fixed, **theirs}]
        choices += [{**fixed, **ours, name: theirs[name]} for name in named if len(named) > 1]
    return [*choices, {**fixed, **dict.fromkeys(named, 999_999_999)}]


def queries(world: World) -> list[dict[str, Any]]:
    """Return what may follow the ? of a page: nothing, each list, and the other side's ids."""
    views = ("mine", "unassigned", "snoozed", "no_answer", "everything")
    plain: list[dict[str, Any]] = [{}, *({"view": view} for view in views)]
    foreign: list[dict[str, Any]] = []
    for side in (world.theirs, world.their_private):
        ids = side.ids
        foreign.append(
            {
                "view": "everything",
                "channel": ids["channel_id"],
                "label": ids["label_id"],
                "team": ids["team_id"],
                "open": ids["conversation_id"],
                "conversation": ids["conversation_id"],
                "conversation_id": ids["conversation_id"],
                "contact": ids["contact_id"],
                "assignee": side.member_id,
                "ids": f"{ids['conversation_id']},{world.ours.ids['conversation_id']}",
            }
        )
    foreign += [{key: value} for key, value in foreign[-1].items() if key != "view"]
    return [*plain, *foreign, {"q": MARKER}, {"q": SAID}, {"view": "everything", "part": "1"}]


def fields(side: Side) -> dict[str, Any]:
    """A form that every route finds what it wants in."""
    said = "giraffe" if side.word == "okapi" else side.word.replace(MARKER, f"{MARKER}-{SAID}")
    return {
        **{name: str(value) for name, value in side.ids.items()},
        "reply_key": f"key-{said}",
        "seen_seq": "1",
        "text": "Hello there",
        "name": "hello",
        "mode": "public",
        "why": "no_answer_needed",
        "priority": "high",
        "until": "2026-12-01T09:00",
        "choice": "tomorrow",
        "role": "lead",
        "email": "somebody@acme.example",
        "is_admin": "1",
        "can_see": "1",
        "platform": "sandbox_feed",
        "service_url": NOWHERE,
        "handle": "acme.example",
        "app_password": "word-word-word-word",
        "access_token": "a-token",
        "resolution": "discarded",
        "decision": "wait",
        "seen_number": "1",
        "step_count": "1",
        "step-0-minutes": "0",
        "step-0-assignee": "1",
        "step-0-member": str(side.member_id),
        "step-0-team": str(side.team_id),
        "repeat_count": "3",
        "wakes": "urgent",
        "hours": "8",
        "channel_ids": str(side.ids["channel_id"]),
        "label_ids": str(side.ids["label_id"]),
        "seen_version": "1",
        "past_id": str(side.ids["sla_policy_id"]),
        "url": NOWHERE,
        "secret": "a-secret-of-many-letters",
        "kind": "on_call",
        "version": "1",
        "cadence": "weekly",
        "weekday": "0",
        "minute": "09:00",
        "start_date": "2026-11-16",
        "from": "2026-11-30T09:00",
        "place": str(side.member_id),
    }


def names_of_rows() -> tuple[str, ...]:
    """Return the parameters that name a row; see world.py."""
    return (
        "activity_id",
        "alert_id",
        "calendar_id",
        "channel_id",
        "contact_id",
        "conversation_id",
        "delivery_id",
        "draft_id",
        "invitation_id",
        "label_id",
        "media_id",
        "member_id",
        "message_id",
        "note_id",
        "notification_method_id",
        "policy_id",
        "override_id",
        "post_id",
        "proposal_id",
        "quarantined_id",
        "rotation_id",
        "saved_id",
        "session_id",
        "sla_policy_id",
        "stream_id",
        "team_id",
        "thread_id",
    )


def browser_of(app: Flask, session: Session, member_id: int, *, is_admin: bool | None = None) -> FlaskClient:
    """Return a browser signed in as this member, made an admin or not."""
    member = session.get_one(Member, member_id)
    if is_admin is not None:
        member.is_admin = is_admin
    return sign_in_as(app, session, member)


def url(app: Flask, route: Route, values: dict[str, Any]) -> str:
    """Return the path of a route."""
    return app.url_map.bind("localhost").build(route.endpoint, values, method=route.method)


def leak(answer: Any, word: str) -> str:
    """Return what stands around the word in the body or the headers; empty if it is nowhere."""
    for text in (answer.get_data(as_text=True), str(answer.headers)):
        at = text.lower().find(word)
        if at >= 0:
            return str(text[max(0, at - 80) : at + 80])
    return ""


def digests(session: Session, *sides: Side) -> dict[str, str]:
    """Return a digest of each table's rows; of these sides' rows alone if any are given."""
    session.rollback()
    found = {}
    for table in METADATA.sorted_tables:
        kept = sorted(_rows_of(session, table, sides) if sides else _rows(session, table))
        found[table.name] = hashlib.sha256("\n".join(kept).encode()).hexdigest()
    session.rollback()
    return found


def _rows(session: Session, table: Table) -> Iterable[str]:
    """Give each row as the driver has it: what thousands of them mean is of no matter, only whether one changed."""
    rows = session.connection().exec_driver_sql(f'SELECT * FROM "{table.name}"')
    assert rows.cursor is not None
    return map(repr, rows.cursor.fetchall())  # not SQLAlchemy's rows: those show long values cut, and slowly


def _rows_of(session: Session, table: Table, sides: tuple[Side, ...]) -> Iterable[str]:
    rows = session.execute(select(table)).mappings()
    return (repr(sorted(row.items())) for row in rows if _is_of(table.name, row, sides))


def _is_of(table: str, row: Any, sides: tuple[Side, ...]) -> bool:
    names = ("channel_id", "conversation_id", "thread_id", "message_id")
    by_column = ((name, row.get(name)) for name in names if name in row)
    by_key = ((f"{table}_id", row.get("id")),) if f"{table}_id" not in SHARED else ()
    return any(side.ids.get(name) == value for name, value in chain(by_column, by_key) for side in sides if value)
