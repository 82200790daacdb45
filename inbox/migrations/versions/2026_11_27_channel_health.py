"""What a channel's health is told by: its habit, its gaps, its token's end; and two kinds of notices"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_channel_health"
down_revision = "2026_11_27_setting_up"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_CHANNEL = (
    ("missing_permissions", sa.JSON(none_as_null=True)),
    ("api_version", sa.Text()),
    ("token_warned_count", sa.Integer()),
    ("import_began_at", _TIME),
    ("gap_from_at", _TIME),
    ("gap_until_at", _TIME),
    ("recount_due_at", _TIME),
)
_BEFORE = "kind IN ('warning', 'breach', 'late_arrivals', 'import', 'channel', 'engine')"
_AFTER = "kind IN ('warning', 'breach', 'late_arrivals', 'import', 'channel', 'engine', 'sign_in_ends', 'quiet')"


def upgrade() -> None:
    for name, kind in _CHANNEL:
        op.add_column("channel", sa.Column(name, kind, nullable=True))
    op.execute("UPDATE channel SET import_began_at = connected_at")
    op.add_column("channel_stream", sa.Column("lag_seconds", sa.Double(), nullable=True))
    op.add_column("budget", sa.Column("sunset_at", _TIME, nullable=True))
    op.add_column("budget", sa.Column("silent_count", sa.Integer(), nullable=True))
    op.create_table(
        "channel_hour",
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("hour_at", _TIME, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_channel_hour_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "hour_at", name=op.f("pk_channel_hour")),
    )
    op.create_index("ix_channel_hour_hour_at", "channel_hour", ["hour_at"])
    _check_kinds(_BEFORE, _AFTER)


def downgrade() -> None:
    op.execute(
        "DELETE FROM alert_link WHERE alert_id IN (SELECT id FROM alert WHERE kind IN ('sign_in_ends', 'quiet'))"
    )
    op.execute(
        "DELETE FROM alert_event WHERE alert_id IN (SELECT id FROM alert WHERE kind IN ('sign_in_ends', 'quiet'))"
    )
    op.execute("DELETE FROM alert WHERE kind IN ('sign_in_ends', 'quiet')")
    _check_kinds(_AFTER, _BEFORE)
    op.drop_table("channel_hour")
    op.drop_column("budget", "silent_count")
    op.drop_column("budget", "sunset_at")
    op.drop_column("channel_stream", "lag_seconds")
    for name, _kind in reversed(_CHANNEL):
        op.drop_column("channel", name)


def _check_kinds(before: str, after: str) -> None:
    """Let the table of alerts hold other kinds, without making it anew: other tables hang on its rows.

    SQLite names this way itself for conditions: https://www.sqlite.org/lang_altertable.html (section 7).
    """
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_alert_kind"), "alert", type_="check")
        op.create_check_constraint(op.f("ck_alert_kind"), "alert", sa.text(after))
        return
    link = op.get_bind()
    version = link.exec_driver_sql("PRAGMA schema_version").scalar_one()
    link.exec_driver_sql("PRAGMA writable_schema=ON")
    change = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'alert'"
    link.exec_driver_sql(change, (before, after))
    link.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    link.exec_driver_sql("PRAGMA writable_schema=OFF")
