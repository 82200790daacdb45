"""Many rows in few statements: found, inserted and refused alike on both databases."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, event, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import among, insert_all, insert_missing, table_of, take_ids
from inbox.contacts.meet import _LOOK
from inbox.contacts.models import Contact
from inbox.conversations.models import Label
from inbox.database import UtcDateTime
from inbox.intake.known import _KNOWN
from inbox.intake.landing import _SHOWN_ELSEWHERE
from inbox.intake.plain import _ANSWERED, _FIRST_ANSWERS, _NEWEST_NATIVES, _STANDINGS
from inbox.intake.seats import _THREADS
from tests.fixtures.app import MovingClock

_LABEL = table_of(Label).c


class _Dated:
    """A table that the database does not have, with a default that is another each time."""

    __table__ = Table("dated", MetaData(), Column("id", Integer), Column("at", UtcDateTime, default=clock.now))


def labels(*names: str, **given: Any) -> list[dict[str, Any]]:
    return [{"name": name, "folded_name": name.lower(), "created_at": clock.now()} | given for name in names]


def test_many_values_are_one_parameter(session: Session) -> None:
    insert_all(session, Label, labels("Käufer", "b'); --", "c"))
    named = select(_LABEL.id).where(among(_LABEL.name, "names")).order_by(_LABEL.id)
    found = session.scalars(named, {"names": ["Käufer", "b'); --", "d"]}).all()
    assert len(found) == 2
    again = select(_LABEL.name).where(among(_LABEL.id, "ids"), _LABEL.name != bindparam("but"))
    assert session.scalars(again, {"ids": found, "but": "Käufer"}).all() == ["b'); --"]
    assert session.scalars(named, {"names": []}).all() == []


def test_what_is_there_already_is_left_or_refused(session: Session) -> None:
    assert insert_missing(session, Label, labels("a", "b")) == 2
    assert insert_missing(session, Label, labels("b", "c")) == 1
    with pytest.raises(IntegrityError), session.begin_nested():
        insert_all(session, Label, labels("d", "a"))
    assert session.scalars(select(Label.name).order_by(Label.name)).all() == ["a", "b", "c"]


def test_a_value_that_no_column_takes_is_sqlalchemys_error(session: Session) -> None:
    with pytest.raises(DBAPIError), session.begin_nested():
        insert_all(session, Label, labels("a", created_at=None))
    assert session.scalars(select(Label)).all() == []


def test_a_row_with_columns_of_its_own_is_refused(session: Session) -> None:
    for insert in (insert_all, insert_missing):
        for other in (labels("b", id=1), [{"name": "b", "created_at": clock.now(), "id": 1}]):
            with pytest.raises(ValueError, match="columns of its own"):
                insert(session, Label, [*labels("a"), *other])
    assert session.scalars(select(Label)).all() == []


def test_a_default_that_may_differ_from_row_to_row_is_not_made_up_once(session: Session) -> None:
    with pytest.raises(TypeError, match="given with the row"):
        insert_all(session, _Dated, [{"id": 1}])


def test_copied_rows_are_a_statement_like_any_other(session: Session) -> None:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.split(" (", maxsplit=1)[0])

    session.connection()
    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    insert_all(session, Label, labels("a", "b"))
    event.remove(engine, "before_cursor_execute", note)
    assert seen == ["INSERT INTO label" if engine.dialect.name == "sqlite" else "COPY label"]


def test_rows_get_the_defaults_of_columns_that_they_leave_out(session: Session, moving_clock: MovingClock) -> None:
    now = clock.now()
    insert_all(
        session,
        Contact,
        [{"platform": "p", "external_id": "1", "first_seen_at": now, "updated_at": now, "handle": "é"}],
    )
    found = session.scalars(select(Contact)).one()
    assert (found.scope, found.display_name, found.avatar_url, found.handle) == ("", "", None, "é")
    assert found.first_seen_at == now


def test_ids_are_taken_once(session: Session) -> None:
    ids = list(take_ids(session, [Contact, Label], 3)[Label])
    insert_all(session, Label, [{"id": id_, **row} for id_, row in zip(ids, labels("a", "b", "c"), strict=True)])
    label = Label(name="d", folded_name="d", created_at=clock.now())
    session.add(label)
    session.flush()
    more = list(take_ids(session, [Label], 2)[Label])
    assert len({*ids, label.id, *more}) == 6


@pytest.mark.parametrize(
    "statement", [_KNOWN, _LOOK, _THREADS, _STANDINGS, _ANSWERED, _NEWEST_NATIVES, _FIRST_ANSWERS, _SHOWN_ELSEWHERE]
)
def test_sqlite_finds_many_values_by_an_index(session: Session, statement: Any) -> None:
    if session.get_bind().dialect.name != "sqlite":
        return
    compiled = statement.compile(session.get_bind())
    words = f"EXPLAIN QUERY PLAN {compiled}"
    plan = session.connection().exec_driver_sql(words, (None,) * len(compiled.positiontup)).all()
    steps = [row[3] for row in plan if row[3].startswith("SCAN") and "json_each" not in row[3]]
    assert steps == []
