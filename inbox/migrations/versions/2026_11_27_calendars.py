"""calendars, their versions, and what is proposed for the next one"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_calendars"
down_revision = "2026_11_26_digests"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("decided_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("holidays_until", sa.Integer(), nullable=True),
        sa.Column("feed_url", sa.LargeBinary(), nullable=True),
        sa.Column("feed_host", sa.Text(), nullable=True),
        sa.Column("feed_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feed_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feed_trouble", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
        sa.UniqueConstraint("name", name=op.f("uq_calendar_name")),
    )
    op.create_table(
        "calendar_version",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("calendar_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hours", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"], name=op.f("fk_calendar_version_calendar_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_calendar_version_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_version")),
        sa.UniqueConstraint("calendar_id", "version", name=op.f("uq_calendar_version_calendar_id_version")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "calendar_proposal",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("calendar_id", _ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), nullable=True),
        sa.Column("member_id", _ID, nullable=True),
        sa.CheckConstraint("source IN ('holidays', 'feed')", name=op.f("ck_calendar_proposal_source")),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"], name=op.f("fk_calendar_proposal_calendar_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_calendar_proposal_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_proposal")),
    )
    op.create_index(
        "uq_calendar_proposal_open",
        "calendar_proposal",
        ["calendar_id", "source"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_table("calendar_proposal")
    op.drop_table("calendar_version")
    op.drop_table("calendar")
