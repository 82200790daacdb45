"""which page kept a draft last"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_keepings_of_drafts"
down_revision = "2026_11_23_first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("draft") as batch:
        batch.add_column(sa.Column("kept_page", sa.Text(), nullable=True))
        batch.add_column(sa.Column("kept_number", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("draft") as batch:
        batch.drop_column("kept_number")
        batch.drop_column("kept_page")
