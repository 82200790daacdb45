"""Takes in people as platforms show them (RULES A4)."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import bulk, clock
from inbox.bulk import among, table_of
from inbox.contacts.models import Contact
from inbox.platforms.items import Author

Key = tuple[str, str]

_SHOWN = ("handle", "display_name", "avatar_url", "profile_url")
_MOST_AT_ONCE = 400  # well below what either database takes as parameters
_TABLE = table_of(Contact)
_LOOK = select(_TABLE.c.id, _TABLE.c.scope, _TABLE.c.external_id, *(_TABLE.c[name] for name in _SHOWN)).where(
    _TABLE.c.platform == bindparam("platform"), among(_TABLE.c.scope, "scopes"), among(_TABLE.c.external_id, "names")
)


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


def meet_ids(session: Session, platform: str, authors: Iterable[Author], ids: Iterator[int]) -> dict[Key, int]:
    """As `meet`, for a busy page: looks first, writes only who is new or differs, and returns the ids alone.

    `ids`: for those who are new, as many as there are authors.
    """
    known = {(author.scope, author.external_id): author for author in authors}
    seen = _look(session, platform, known)
    found = {key: row.id for key, row in seen.items()}
    new = [{"id": next(ids), **_row(platform, known[key])} for key in sorted(known.keys() - seen.keys())]
    if bulk.insert_missing(session, Contact, new) == len(new):
        found |= {(row["scope"], row["external_id"]): row["id"] for row in new}
    else:  # another channel of the platform met some of them meanwhile
        seen |= _look(session, platform, known.keys() - seen.keys())
        found |= {key: row.id for key, row in seen.items()}
    if changed := [_row(platform, known[key]) for key in sorted(seen) if _differs(seen[key], known[key])]:
        _upsert(session, changed)
    return found


def _look(session: Session, platform: str, keys: Iterable[Key]) -> dict[Key, Row[Any]]:
    wanted = set(keys)
    scopes, names = ({key[0] for key in wanted}, {key[1] for key in wanted})
    given = {"platform": platform, "scopes": sorted(scopes), "names": sorted(names)}
    rows = {(row.scope, row.external_id): row for row in session.execute(_LOOK, given)}
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
