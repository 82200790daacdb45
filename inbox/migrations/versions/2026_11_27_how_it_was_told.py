"""by which plan an alert was told, what it is about, and what providers are told that became of it"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_how_it_was_told"
down_revision = "2026_11_27_pushes"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("alert", sa.Column("about", sa.Text(), nullable=True))
    op.add_column("alert", sa.Column("round_length", sa.Integer(), nullable=True))
    op.add_column("alert", sa.Column("escalation_version_id", _ID, nullable=True))
    op.add_column("notification", sa.Column("event", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("notification", "event")
    for name in ("escalation_version_id", "round_length", "about"):
        op.drop_column("alert", name)
