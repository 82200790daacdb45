"""Whether the first questions were answered, browsers that are told, archived calendars"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_setting_up"
down_revision = "2026_11_27_report_months"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "setup",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("is_skipped", sa.Boolean(), nullable=False),
        sa.Column("answered_at", _TIME, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_setup_one")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_setup_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup")),
    )
    _spare_who_is_at_work()
    op.add_column("calendar", sa.Column("archived_at", _TIME, nullable=True))
    _add_session()


def _add_session() -> None:
    """Add the column in its place: made anew, as SQLite's batches do, the table could not go while letters refer to it."""
    if op.get_bind().dialect.name == "sqlite":
        constraint = "CONSTRAINT fk_notification_method_session_id REFERENCES member_session (id)"
        op.execute(f"ALTER TABLE notification_method ADD COLUMN session_id INTEGER {constraint}")
        return
    op.add_column("notification_method", sa.Column("session_id", _ID, nullable=True))
    op.create_foreign_key(
        op.f("fk_notification_method_session_id"), "notification_method", "member_session", ["session_id"], ["id"]
    )


def _spare_who_is_at_work() -> None:
    """Ask nobody where somebody works already: their policies are what they want."""
    connection = op.get_bind()
    member = sa.table("member", sa.column("must_change_password", sa.Boolean()))
    at_work = sa.select(sa.literal(1)).select_from(member).where(member.c.must_change_password.is_(False))
    if connection.execute(at_work.limit(1)).first() is not None:
        setup = sa.table("setup", sa.column("id"), sa.column("is_skipped"), sa.column("answered_at", _TIME))
        op.execute(setup.insert().values(id=1, is_skipped=True, answered_at=datetime.now(UTC)))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE notification_method DROP COLUMN session_id")
    else:
        op.drop_constraint(op.f("fk_notification_method_session_id"), "notification_method", type_="foreignkey")
        op.drop_column("notification_method", "session_id")
    op.drop_column("calendar", "archived_at")
    op.drop_table("setup")
