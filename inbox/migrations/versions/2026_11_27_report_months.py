"""Months of timers, added up from their days; who waits now stands in two narrower indexes"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_report_months"
down_revision = "2026_11_27_how_it_was_told"
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
_DUE = ["due_at", "channel_id", "is_private", "ended_at"]
_HELD = ["channel_id", "is_private", "assignee_id", "due_at", "team_id", "priority", "is_paused", "ended_at"]


def _index(name: str, columns: list[str]) -> None:
    is_open = sa.text("ended_at IS NULL")
    op.create_index(name, "timer", columns, sqlite_where=is_open, postgresql_where=is_open)


def upgrade() -> None:
    op.create_table(
        "sla_month",
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("team_id", _ID, nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("responses", sa.Text(), nullable=False),
        sa.Column("arrivals", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_month")),
    )
    op.create_index("ix_sla_month_month", "sla_month", ["month", "channel_id"])
    op.create_table(
        "sla_month_counted",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_sla_month_counted")),
    )
    # a month is known by the days of it that are counted: all of them once more
    op.execute("DELETE FROM sla_day")
    op.execute("DELETE FROM sla_day_counted")
    op.drop_index("ix_timer_open_due", "timer")
    _index("ix_timer_open_due", _DUE)
    _index("ix_timer_open_held", _HELD)
    op.drop_index("ix_timer_started_at", "timer")


def downgrade() -> None:
    op.create_index("ix_timer_started_at", "timer", ["started_at"])
    op.drop_index("ix_timer_open_held", "timer")
    op.drop_index("ix_timer_open_due", "timer")
    _index("ix_timer_open_due", _OPEN)
    op.drop_table("sla_month_counted")
    op.drop_table("sla_month")
