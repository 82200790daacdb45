"""the draft of a delivery, which every reply that was sent asks for, and those that wait, which every sweep asks for"""

from alembic import op

revision = "2026_11_26_drafts_asked"
down_revision = "2026_11_26_deliveries_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_draft_delivery_id", "draft", ["delivery_id"])
    op.create_index("ix_draft_state", "draft", ["state", "updated_at"])


def downgrade() -> None:
    op.drop_index("ix_draft_state", "draft")
    op.drop_index("ix_draft_delivery_id", "draft")
