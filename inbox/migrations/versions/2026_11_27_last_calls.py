"""Who was told, before a desk closed, what falls due until its next shift"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_last_calls"
down_revision = "2026_11_27_beats"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "last_call",
        sa.Column("rotation_id", _ID, nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_begins_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotation.id"], name=op.f("fk_last_call_rotation_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_last_call_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_last_call")),
        sa.UniqueConstraint(
            "rotation_id", "ends_at", "member_id", name=op.f("uq_last_call_rotation_id_ends_at_member_id")
        ),
    )
    op.create_index("ix_last_call_member_id", "last_call", ["member_id", "ends_at"])


def downgrade() -> None:
    op.drop_index("ix_last_call_member_id", "last_call")
    op.drop_table("last_call")
