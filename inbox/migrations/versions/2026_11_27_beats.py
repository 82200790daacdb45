"""when each sweep was done last, and who watches over them"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_beats"
down_revision = "2026_11_27_reports"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sweep_beat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("limit_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sweep_beat")),
    )
    op.create_table(
        "watch_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until_at", Time, nullable=False),
        sa.Column("noticed_at", Time, nullable=True),
        sa.Column("told_at", Time, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_lease")),
    )


def downgrade() -> None:
    op.drop_table("watch_lease")
    op.drop_table("sweep_beat")
