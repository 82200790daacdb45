"""which deliveries a conversation has"""

from alembic import op

revision = "2026_11_26_deliveries_asked"
down_revision = "2026_11_26_sides_of_labels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_delivery_conversation_id", "delivery", ["conversation_id"])


def downgrade() -> None:
    op.drop_index("ix_delivery_conversation_id", "delivery")
