"""Migrations make the tables that the models describe, and can be taken back, on both databases."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, select

from inbox import clock, create_app, schema
from inbox.channels.models import Channel
from inbox.conversations.labels import label
from inbox.conversations.models import Conversation, ConversationLabel, Message
from inbox.database import db
from inbox.notifications.models import Notification, NotificationMethod
from inbox.outbox.models import Delivery
from inbox.sla.models import Timer
from inbox.tables import METADATA
from tests.factories.basics import make_channel, make_member
from tests.factories.conversations import make_conversation
from tests.fixtures.app import make_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(
    request: pytest.FixtureRequest, fresh_folder: Path, make_postgres_database: Callable[[str], str]
) -> Flask:
    """Return an application on an empty database of each kind."""
    url = f"sqlite:///{fresh_folder / 'empty.sqlite'}"
    if request.param == "postgresql":
        url = make_postgres_database("migrations")
    return create_app(make_settings(url, fresh_folder))


def test_migrations_make_what_the_models_describe(empty_app: Flask) -> None:
    with empty_app.app_context():
        schema.upgrade(empty_app)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            differences = compare_metadata(context, METADATA)
        db.engine.dispose()
    assert differences == []


def test_migrations_can_be_taken_back_and_applied_again(empty_app: Flask) -> None:
    with empty_app.app_context():
        schema.upgrade(empty_app)
        schema.downgrade(empty_app, "base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        schema.upgrade(empty_app)
        assert set(METADATA.tables) <= set(inspect(db.engine).get_table_names())
        db.engine.dispose()


def test_labels_that_were_there_get_the_channel_and_side_of_their_conversation(empty_app: Flask) -> None:
    with empty_app.app_context():
        schema.upgrade(empty_app)
        channel_id = make_channel(db.session()).id
        for is_private in (True, False):
            conversation = make_conversation(db.session(), db.session.get_one(Channel, channel_id))
            conversation.is_private = is_private
            label(db.session(), conversation, make_member(db.session()).id, "Returns")
        db.session.commit()
        db.session.remove()
        schema.downgrade(empty_app, "2026_11_25_keepings_of_drafts")
        schema.upgrade(empty_app)
        labelled = select(ConversationLabel.channel_id, ConversationLabel.is_private)
        found = db.session.execute(labelled.order_by(ConversationLabel.conversation_id)).all()
        assert [tuple(row) for row in found] == [(channel_id, True), (channel_id, False)]
        db.session.remove()
        db.engine.dispose()


def test_those_who_waited_before_there_were_clocks_get_one(empty_app: Flask) -> None:
    with empty_app.app_context():
        schema.upgrade(empty_app)
        channel = make_channel(db.session())
        waiting, spam, done = (make_conversation(db.session(), channel) for _ in range(3))
        since, ids = waiting.waiting_since, (waiting.id, spam.id, done.id)
        spam.status = "spam"
        for message in db.session.scalars(select(Message).where(Message.conversation_id == done.id)):
            message.awaits = False
        done.waiting_since = None
        db.session.commit()
        db.session.remove()
        schema.downgrade(empty_app, "2026_11_27_calendars")
        schema.upgrade(empty_app)
        (timer,) = db.session.scalars(select(Timer)).all()
        assert since is not None
        assert (timer.conversation_id, timer.since_at, timer.due_at) == (ids[0], since, since + timedelta(days=1))
        assert (timer.is_imported, timer.policy_version_id is not None) == (True, True)
        due = {one.id: one.due_at for one in db.session.scalars(select(Conversation))}
        assert due == {ids[0]: timer.due_at, ids[1]: None, ids[2]: None}
        db.session.remove()
        db.engine.dispose()


def test_who_was_told_before_browsers_could_be_keeps_what_was_sent(empty_app: Flask) -> None:
    with empty_app.app_context():
        schema.upgrade(empty_app)
        now, member = clock.now(), make_member(db.session())
        method = NotificationMethod(member_id=member.id, kind="ntfy", sealed=b"", created_at=now)
        delivery = Delivery(kind="notification", state="sent", not_before_at=now, created_at=now, outgoing={})
        db.session.add_all([method, delivery])
        db.session.flush()
        told = {"round_key": "r", "place": 0, "kind": "test", "is_alert": False, "language": "en", "subject": "Hello"}
        ids = {"delivery_id": delivery.id, "member_id": member.id, "method_id": method.id}
        db.session.add(Notification(**told, **ids, created_at=now))
        db.session.commit()
        db.session.remove()
        schema.downgrade(empty_app, "2026_11_27_report_months")
        schema.upgrade(empty_app)
        (kept,) = db.session.scalars(select(Notification)).all()
        assert kept.method_id == ids["method_id"]
        assert db.session.get_one(NotificationMethod, kept.method_id).session_id is None
        db.session.remove()
        db.engine.dispose()
