"""SLA policies, the timers that run by them, and each conversation's deadline"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_timers"
down_revision = "2026_11_27_calendars"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DAY = 86400
_BATCH = 5000


def upgrade() -> None:
    op.create_table(
        "sla_policy",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policy")),
    )
    op.create_index("ix_sla_policy_position", "sla_policy", ["position"], unique=False)
    op.create_table(
        "sla_policy_version",
        sa.Column("policy_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target_seconds", sa.Integer(), nullable=False),
        sa.Column("calendar_version_id", _ID, nullable=True),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("channel_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("team_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("priorities", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("label_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("is_paused_by_snooze", sa.Boolean(), nullable=False),
        sa.Column("escalation_policy_id", _ID, nullable=True),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.CheckConstraint("target_seconds > 0", name=op.f("ck_sla_policy_version_target_seconds")),
        sa.ForeignKeyConstraint(
            ["calendar_version_id"], ["calendar_version.id"], name=op.f("fk_sla_policy_version_calendar_version_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sla_policy_version_member_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], name=op.f("fk_sla_policy_version_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policy_version")),
        sa.UniqueConstraint("policy_id", "number", name=op.f("uq_sla_policy_version_policy_id_number")),
    )
    op.create_table(
        "timer",
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("policy_version_id", _ID, nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_late_arrival", sa.Boolean(), nullable=False),
        sa.Column("is_imported", sa.Boolean(), nullable=False),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breach_assignee_id", _ID, nullable=True),
        sa.Column("breach_team_id", _ID, nullable=True),
        sa.Column("unchecked_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covers_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("met_by_message_id", _ID, nullable=True),
        sa.Column("met_by_member_id", _ID, nullable=True),
        sa.Column("response_seconds", sa.Double(), nullable=True),
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("team_id", _ID, nullable=True),
        sa.Column("assignee_id", _ID, nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("label_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.CheckConstraint("outcome IN ('met', 'excused', 'withdrawn')", name=op.f("ck_timer_outcome")),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_timer_ended")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_timer_conversation_id")),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["sla_policy_version.id"], name=op.f("fk_timer_policy_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_conversation", "timer", ["conversation_id", "id"], unique=False)
    op.create_index(
        "ix_timer_due_at",
        "timer",
        ["due_at", "channel_id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_timer_met_by",
        "timer",
        ["met_by_message_id"],
        unique=False,
        sqlite_where=sa.text("met_by_message_id IS NOT NULL"),
        postgresql_where=sa.text("met_by_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_timer_next_at",
        "timer",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_timer_started_at", "timer", ["started_at"], unique=False)
    op.create_index(
        "uq_timer_open",
        "timer",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("conversation", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_conversation_due_all",
        "conversation",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversation_due_channel",
        "conversation",
        ["channel_id", "is_private", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )

    _promise_a_day()


def _promise_a_day() -> None:
    """Begin with the promise that everybody gives, and let those who wait already be counted by it.

    Nobody was warned of what was late before there were clocks: it stands apart, as what is imported does.
    """
    tables = sa.MetaData()
    connection = op.get_bind()
    for name in ("sla_policy", "sla_policy_version", "timer", "conversation"):
        sa.Table(name, tables, autoload_with=connection)
    policy, version = tables.tables["sla_policy"], tables.tables["sla_policy_version"]
    now = datetime.now(UTC)
    values: dict[str, Any] = {"name": "Standard 24 h", "created_at": now}
    made = connection.execute(policy.insert().values(position=1, version=1, is_archived=False, **values))
    empty: dict[str, Any] = {name: [] for name in ("channel_ids", "team_ids", "priorities", "label_ids")}
    warnings = [{"before_seconds": 7200}, {"before_seconds": 1800}]
    promise = values | empty | {"number": 1, "target_seconds": _DAY, "warnings": warnings, "is_paused_by_snooze": False}
    told = connection.execute(version.insert().values(policy_id=_id_of(made), **promise))
    _let_run(connection, tables, _id_of(told), now)


def _id_of(made: sa.CursorResult[Any]) -> int:
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def _let_run(connection: sa.Connection, tables: sa.MetaData, version_id: int, now: datetime) -> None:
    timer, conversation = tables.tables["timer"], tables.tables["conversation"]
    copied = ("channel_id", "is_private", "kind", "team_id", "assignee_id", "priority")
    found = (
        sa.select(conversation.c.id, conversation.c.waiting_since, *(conversation.c[name] for name in copied))
        .where(conversation.c.waiting_since.is_not(None), conversation.c.status != "spam")
        .order_by(conversation.c.id)
    )
    last = 0
    while rows := connection.execute(found.where(conversation.c.id > last).limit(_BATCH)).all():
        timers = [_timer(row, copied, version_id, now) for row in rows]
        connection.execute(timer.insert(), timers)
        due = [{"row": one["conversation_id"], "at": one["due_at"]} for one in timers]
        keep = conversation.update().where(conversation.c.id == sa.bindparam("row")).values(due_at=sa.bindparam("at"))
        connection.execute(keep, due)
        last = rows[-1].id


def _timer(row: Any, copied: tuple[str, ...], version_id: int, now: datetime) -> dict[str, Any]:
    since_at = row.waiting_since if row.waiting_since.tzinfo else row.waiting_since.replace(tzinfo=UTC)
    due_at = since_at + timedelta(seconds=_DAY)
    warnings = [due_at - timedelta(seconds=before) for before in (7200, 1800)]
    return {name: getattr(row, name) for name in copied} | {
        "conversation_id": row.id,
        "number": 1,
        "policy_version_id": version_id,
        "since_at": since_at,
        "started_at": since_at,
        "opened_at": now,
        "due_at": due_at,
        "next_at": due_at if due_at <= now else min(at for at in (*warnings, due_at) if at > now),
        "pauses": [],
        "label_ids": [],
        "is_paused": False,
        "is_late_arrival": False,
        "is_imported": True,
    }


def downgrade() -> None:
    op.drop_index("ix_conversation_due_channel", "conversation")
    op.drop_index("ix_conversation_due_all", "conversation")
    op.drop_column("conversation", "due_at")
    op.drop_table("timer")
    op.drop_table("sla_policy_version")
    op.drop_table("sla_policy")
