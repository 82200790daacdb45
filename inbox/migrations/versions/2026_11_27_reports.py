"""Whole days of timers, counted once they are over, and which of them to count anew"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_reports"
down_revision = "2026_11_27_replans"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = (
    "in_time",
    "late",
    "overdue",
    "excused",
    "withdrawn",
    "late_arrival",
    "imported",
    "paused",
    "within_day",
)
_OPEN = ["due_at", "channel_id", "is_private", "assignee_id", "team_id", "priority", "is_paused", "ended_at"]


def upgrade() -> None:
    op.create_table(
        "sla_day",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("team_id", _ID, nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("responses", sa.Text(), nullable=False),
        sa.Column("arrivals", sa.Text(), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_day")),
    )
    op.create_index("ix_sla_day_day", "sla_day", ["day", "channel_id"])
    op.create_table(
        "sla_day_counted",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sla_day_counted")),
    )
    op.create_table(
        "sla_day_mark",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_day_mark")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_timer_open_due", "timer", _OPEN, sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index("ix_timer_open_due", "timer")
    op.drop_table("sla_day_mark")
    op.drop_table("sla_day_counted")
    op.drop_index("ix_sla_day_day", "sla_day")
    op.drop_table("sla_day")
