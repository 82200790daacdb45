"""pushes of platforms, kept until a worker has taken them in, and the addresses they come to"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_pushes"
down_revision = "2026_11_27_last_calls"
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
    with op.batch_alter_table("channel") as batch:
        batch.add_column(sa.Column("push_key", sa.String(), nullable=True))
        batch.create_unique_constraint(op.f("uq_channel_push_key"), ["push_key"])


def downgrade() -> None:
    with op.batch_alter_table("channel") as batch:
        batch.drop_constraint(op.f("uq_channel_push_key"), type_="unique")
        batch.drop_column("push_key")
    op.drop_index("ix_push_due_at", "push")
    op.drop_table("push")
