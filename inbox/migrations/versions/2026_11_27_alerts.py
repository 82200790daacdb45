"""alerts, whom they are told to, and the policy that comes with Relevo"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_alerts"
down_revision = "2026_11_27_rotations"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True)

# The assignee and the team's leads at once, all leads after 15 minutes, then all admins; three times more.
_STEPS = [
    {"wait_seconds": 0.0, "targets": [{"kind": "assignee"}, {"kind": "team_leads"}]},
    {"wait_seconds": 900.0, "targets": [{"kind": "all_leads"}]},
    {"wait_seconds": 900.0, "targets": [{"kind": "admins"}]},
]


def upgrade() -> None:
    _add_escalation_policy()
    _add_alert()
    _add_escalation_version()
    _add_alert_event()
    _add_alert_link()
    _add_alert_timer()
    _seed()


def downgrade() -> None:
    for name in ("alert_timer", "alert_link", "alert_event", "escalation_version", "alert", "escalation_policy"):
        op.drop_table(name)


def _seed() -> None:
    now = datetime.now(UTC)
    policy = sa.table(
        "escalation_policy",
        *(sa.column(name) for name in ("id", "name", "is_default", "number")),
        sa.column("created_at", Time),
    )
    op.execute(policy.insert().values(name="Everybody in turn", is_default=True, number=1, created_at=now))
    version = sa.table(
        "escalation_version",
        *(sa.column(name) for name in ("policy_id", "number", "repeat_count", "wakes")),
        sa.column("steps", Json),
        sa.column("created_at", Time),
    )
    values = {"number": 1, "steps": _STEPS, "repeat_count": 3, "wakes": "urgent", "created_at": now}
    op.execute(version.insert().values(policy_id=sa.select(policy.c.id).scalar_subquery(), **values))


def _add_escalation_policy() -> None:
    op.create_table(
        "escalation_policy",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_escalation_policy_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_policy")),
        sa.UniqueConstraint("name", name=op.f("uq_escalation_policy_name")),
    )
    op.create_index("ix_escalation_policy_team_id", "escalation_policy", ["team_id"], unique=False)


def _add_alert() -> None:
    op.create_table(
        "alert",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("channel_id", BigId, nullable=True),
        sa.Column("escalation_policy_id", BigId, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("timer_count", sa.Integer(), nullable=False),
        sa.Column("gathered_count", sa.Integer(), nullable=False),
        sa.Column("first_due_at", Time, nullable=True),
        sa.Column("raised_at", Time, nullable=False),
        sa.Column("acknowledged_at", Time, nullable=True),
        sa.Column("acknowledged_by_id", BigId, nullable=True),
        sa.Column("acknowledged_until_at", Time, nullable=True),
        sa.Column("unreachable_since_at", Time, nullable=True),
        sa.Column("unreachable_why", sa.Text(), nullable=True),
        sa.Column("closed_at", Time, nullable=True),
        sa.Column("next_at", Time, nullable=True),
        sa.Column("claim_token", sa.Text(), nullable=True),
        sa.Column("step_count", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("told_at", Time, nullable=True),
        sa.Column("next_step_at", Time, nullable=True),
        sa.Column("asleep_count", sa.Integer(), nullable=False),
        sa.Column("asleep_until_at", Time, nullable=True),
        sa.Column("underway", Json, nullable=False),
        sa.Column("passed", Json, nullable=False),
        sa.Column("has_arrived", sa.Boolean(), nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "kind IN ('warning', 'breach', 'late_arrivals', 'import', 'channel', 'engine')", name=op.f("ck_alert_kind")
        ),
        sa.CheckConstraint(
            "state IN ('triggered', 'acknowledged', 'unreachable', 'closed')", name=op.f("ck_alert_state")
        ),
        sa.ForeignKeyConstraint(["acknowledged_by_id"], ["member.id"], name=op.f("fk_alert_acknowledged_by_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_alert_channel_id")),
        sa.ForeignKeyConstraint(
            ["escalation_policy_id"], ["escalation_policy.id"], name=op.f("fk_alert_escalation_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("open_key", name=op.f("uq_alert_open_key")),
    )
    op.create_index(
        "ix_alert_next_at",
        "alert",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_alert_open",
        "alert",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index("ix_alert_raised_at", "alert", ["raised_at", "id"], unique=False)


def _add_escalation_version() -> None:
    op.create_table(
        "escalation_version",
        sa.Column("policy_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("repeat_count", sa.Integer(), nullable=False),
        sa.Column("wakes", sa.Text(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.CheckConstraint("wakes IN ('nothing', 'urgent', 'everything')", name=op.f("ck_escalation_version_wakes")),
        sa.CheckConstraint("repeat_count BETWEEN 0 AND 20", name=op.f("ck_escalation_version_repeat_count")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_escalation_version_member_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["escalation_policy.id"], name=op.f("fk_escalation_version_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_version")),
        sa.UniqueConstraint("policy_id", "number", name=op.f("uq_escalation_version_policy_id_number")),
    )


def _add_alert_event() -> None:
    op.create_table(
        "alert_event",
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_event_alert_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_alert_event_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
    )
    op.create_index("ix_alert_event_alert_id", "alert_event", ["alert_id", "id"], unique=False)
    op.create_index(
        "ix_alert_event_told",
        "alert_event",
        ["member_id", "alert_id"],
        unique=False,
        sqlite_where=sa.text("kind = 'told'"),
        postgresql_where=sa.text("kind = 'told'"),
    )


def _add_alert_link() -> None:
    op.create_table(
        "alert_link",
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.Column("used_at", Time, nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_link_alert_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_alert_link_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_alert_link_token_hash")),
    )
    op.create_index("ix_alert_link_alert_id", "alert_link", ["alert_id"], unique=False)


def _add_alert_timer() -> None:
    op.create_table(
        "alert_timer",
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("timer_id", BigId, nullable=False),
        sa.Column("conversation_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("assignee_id", BigId, nullable=True),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("due_at", Time, nullable=True),
        sa.Column("added_at", Time, nullable=False),
        sa.Column("told_at", Time, nullable=True),
        sa.Column("told_to", sa.Text(), nullable=True),
        sa.Column("gone_at", Time, nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_timer_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_timer")),
        sa.UniqueConstraint("alert_id", "timer_id", name=op.f("uq_alert_timer_alert_id_timer_id")),
    )
    op.create_index(
        "ix_alert_timer_due_at",
        "alert_timer",
        ["alert_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("gone_at IS NULL"),
        postgresql_where=sa.text("gone_at IS NULL"),
    )
    op.create_index(
        "ix_alert_timer_open",
        "alert_timer",
        ["timer_id"],
        unique=False,
        sqlite_where=sa.text("gone_at IS NULL"),
        postgresql_where=sa.text("gone_at IS NULL"),
    )
