"""on which channel, and on which of its sides, a labelled conversation is"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_sides_of_labels"
down_revision = "2026_11_25_keepings_of_drafts"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = "ix_conversation_label_side"


def upgrade() -> None:
    op.add_column("conversation_label", sa.Column("channel_id", _ID, nullable=True))
    op.add_column("conversation_label", sa.Column("is_private", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE conversation_label SET"
        " channel_id = (SELECT c.channel_id FROM conversation c WHERE c.id = conversation_label.conversation_id),"
        " is_private = (SELECT c.is_private FROM conversation c WHERE c.id = conversation_label.conversation_id)"
    )
    with op.batch_alter_table("conversation_label") as batch:
        batch.alter_column("channel_id", existing_type=_ID, nullable=False)
        batch.alter_column("is_private", existing_type=sa.Boolean(), nullable=False)
        batch.create_index(
            _INDEX, ["label_id", "channel_id", "is_private", "status", "queue_at", "conversation_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("conversation_label") as batch:
        batch.drop_index(_INDEX)
        batch.drop_column("is_private")
        batch.drop_column("channel_id")
