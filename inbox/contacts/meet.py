"""Takes in people as platforms show them (RULES A4)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.contacts.models import Contact
from inbox.platforms.items import Author

Key = tuple[str, str]

_SHOWN = ("handle", "display_name", "avatar_url", "profile_url")
_MOST_AT_ONCE = 400  # well below what either database takes as parameters


def meet(session: Session, platform: str, authors: Iterable[Author]) -> dict[Key, Contact]:
    """Return the contacts of these authors by (scope, external_id), made or brought up to date.

    The same person twice is one; the last one named wins. What a platform leaves empty does not wipe what
    is known. Rows are written in the order of their keys, so that two workers can't block each other.
    """
    known = {(author.scope, author.external_id): author for author in authors}
    keys = sorted(known)
    found: dict[Key, Contact] = {}
    for start in range(0, len(keys), _MOST_AT_ONCE):
        part = keys[start : start + _MOST_AT_ONCE]
        _upsert(session, [_row(platform, known[key]) for key in part])
        found.update(_select(session, platform, part))
    return found


def meet_ids(session: Session, platform: str, authors: Iterable[Author]) -> dict[Key, int]:
    """As `meet`, for a busy page: looks first, writes only who is new or differs, and returns the ids alone."""
    known = {(author.scope, author.external_id): author for author in authors}
    keys = sorted(known)
    found: dict[Key, int] = {}
    for start in range(0, len(keys), _MOST_AT_ONCE):
        part = keys[start : start + _MOST_AT_ONCE]
        seen = _look(session, platform, part)
        wanted = [key for key in part if key not in seen or _differs(seen[key], known[key])]
        if wanted:
            _upsert(session, [_row(platform, known[key]) for key in wanted])
            seen |= _look(session, platform, [key for key in wanted if key not in seen])
        found |= {key: row.id for key, row in seen.items()}
    return found


def _look(session: Session, platform: str, keys: list[Key]) -> dict[Key, Row[Any]]:
    if not keys:
        return {}
    columns = (Contact.id, Contact.scope, Contact.external_id, *(getattr(Contact, name) for name in _SHOWN))
    statement = select(*columns).where(
        Contact.platform == platform,
        Contact.scope.in_(sorted({scope for scope, _ in keys})),
        Contact.external_id.in_([external_id for _, external_id in keys]),
    )
    wanted = set(keys)
    rows = {(row.scope, row.external_id): row for row in session.execute(statement)}
    return {key: row for key, row in rows.items() if key in wanted}


def _differs(row: Row[Any], author: Author) -> bool:
    return any(new and new != getattr(row, name) for name in _SHOWN if (new := getattr(author, name)) is not None)


def _row(platform: str, author: Author) -> dict[str, Any]:
    now = clock.now()
    return {
        "platform": platform,
        "scope": author.scope,
        "external_id": author.external_id,
        "handle": author.handle,
        "display_name": author.display_name,
        "avatar_url": author.avatar_url,
        "profile_url": author.profile_url,
        "first_seen_at": now,
        "updated_at": now,
    }


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert or bring up to date, touching only rows that differ (each touch is a write on a busy page)."""
    dialect = session.get_bind().dialect.name
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table: Any = Contact.__table__
    statement = insert(table)
    new = statement.excluded
    shown = {name: _unless_empty(new[name], table.c[name]) for name in _SHOWN}
    differs = [table.c[name].is_distinct_from(value) for name, value in shown.items()]
    statement = statement.on_conflict_do_update(
        index_elements=["platform", "scope", "external_id"],
        set_={**shown, "updated_at": new.updated_at},
        where=or_(*differs),
    )
    # RETURNING only lets many rows go in one statement whose text is compiled once.
    session.execute(statement.returning(table.c.id), rows)


def _unless_empty(new: Any, old: Any) -> Any:
    return func.coalesce(func.nullif(new, ""), old)


def _select(session: Session, platform: str, keys: list[Key]) -> dict[Key, Contact]:
    # A SELECT, not RETURNING: rows that did not differ would not come back.
    statement = select(Contact).where(
        Contact.platform == platform, tuple_(Contact.scope, Contact.external_id).in_(keys)
    )
    fresh = session.scalars(statement.execution_options(populate_existing=True))
    return {(contact.scope, contact.external_id): contact for contact in fresh}
