"""what was known of the platform's clock when a try began"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_skew_of_attempts"
down_revision = "2026_11_26_drafts_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("skew_seconds", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.drop_column("skew_seconds")
