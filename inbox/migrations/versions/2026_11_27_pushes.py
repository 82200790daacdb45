"""pushes of platforms, kept until a worker has taken them in, and the addresses they come to"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_pushes"
down_revision = "2026_11_27_platform_apps"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "push",
        sa.Column("channel_id", _ID, nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_count", sa.Integer(), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_push_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push")),
    )
    op.create_index("ix_push_due_at", "push", ["due_at", "id"], unique=False)
    op.add_column("channel", sa.Column("push_key", sa.Text(), nullable=True))
    op.create_index("ix_channel_push_key", "channel", ["push_key"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_channel_push_key", "channel")
    op.drop_column("channel", "push_key")
    op.drop_index("ix_push_due_at", "push")
    op.drop_table("push")
