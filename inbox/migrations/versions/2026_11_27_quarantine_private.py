"""what stands in quarantine may be private: nothing tells today which rows are not"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_quarantine_private"
down_revision = "2026_11_27_channel_health"
branch_labels = None
depends_on = None


def upgrade() -> None:
    quarantined = sa.table("quarantined", sa.column("is_private", sa.Boolean()))
    op.execute(quarantined.update().values(is_private=sa.true()))


def downgrade() -> None:
    """Leave them private: which ones were not is known no more."""
