"""Replies that a team keeps ready"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_saved_replies"
down_revision = "2026_11_27_last_calls"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "saved_reply",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("team_id", _ID, nullable=True),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("use_count", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by_id", _ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["member.id"], name=op.f("fk_saved_reply_changed_by_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_saved_reply_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reply")),
    )
    op.create_index("ix_saved_reply_team_id", "saved_reply", ["team_id"])


def downgrade() -> None:
    op.drop_index("ix_saved_reply_team_id", "saved_reply")
    op.drop_table("saved_reply")
