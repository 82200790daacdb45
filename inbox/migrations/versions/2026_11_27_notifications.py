"""how members are reached, and each notice that leaves"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_notifications"
down_revision = "2026_11_27_timers"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    _add_methods()
    op.create_table(
        "quiet_hours",
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_minute <> until_minute", name=op.f("ck_quiet_hours_not_empty")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_quiet_hours_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_quiet_hours")),
    )
    _add_notifications()


def downgrade() -> None:
    op.drop_table("notification")
    op.drop_table("quiet_hours")
    op.drop_table("notification_method")
    # what is left of them in the outbox has nothing to carry
    op.execute("DELETE FROM attempt WHERE delivery_id IN (SELECT id FROM delivery WHERE kind = 'notification')")
    op.execute("DELETE FROM delivery WHERE kind = 'notification'")


def _add_methods() -> None:
    op.create_table(
        "notification_method",
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_urgent_only", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("verified_at", Time, nullable=True),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("code_until_at", Time, nullable=True),
        sa.Column("code_try_count", sa.Integer(), nullable=False),
        sa.Column("failing_since_at", Time, nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("removed_at", Time, nullable=True),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.CheckConstraint("state IN ('unverified', 'verified', 'failing')", name=op.f("ck_notification_method_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_notification_method_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_method")),
    )
    op.create_index("ix_notification_method_member_id", "notification_method", ["member_id"])


def _add_notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("delivery_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("method_id", BigId, nullable=True),
        sa.Column("alert_id", BigId, nullable=True),
        sa.Column("round_key", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_alert", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("carried_by_id", BigId, nullable=True),
        sa.Column("spoke_at", Time, nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("look_at", Time, nullable=True),
        sa.Column("look_count", sa.Integer(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.CheckConstraint(
            "kind IN ('test', 'verification', 'warning', 'alert', 'summary')", name=op.f("ck_notification_kind")
        ),
        sa.ForeignKeyConstraint(["carried_by_id"], ["notification.id"], name=op.f("fk_notification_carried_by_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_notification_delivery_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_notification_member_id")),
        sa.ForeignKeyConstraint(["method_id"], ["notification_method.id"], name=op.f("fk_notification_method_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_notification_delivery_id")),
    )
    op.create_index("ix_notification_alert_id", "notification", ["alert_id", "member_id"])
    op.create_index("ix_notification_round_key", "notification", ["round_key"])
    op.create_index("ix_notification_spoke_at", "notification", ["method_id", "spoke_at"])
    for column in ("carried_by_id", "look_at"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_notification_{column}", "notification", [column], sqlite_where=where, postgresql_where=where
        )
