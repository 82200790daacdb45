"""a post's threads by when they began; and columns that are NULL in nearly every row are indexed where they are not"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_threads_of_posts"
down_revision = "2026_11_26_skew_of_attempts"
branch_labels = None
depends_on = None

# index, table, columns, and which of them is NULL in nearly every row
_SPARSE = (
    ("ix_thread_wanted_parent", "thread", ("channel_id", "wanted_parent"), "wanted_parent"),
    ("ix_thread_joined_into_id", "thread", ("joined_into_id",), "joined_into_id"),
    ("ix_conversation_team", "conversation", ("team_id", "status", "queue_at", "id"), "team_id"),
    ("ix_conversation_snoozed", "conversation", ("snoozed_until_at",), "snoozed_until_at"),
    ("ix_conversation_joined_into_id", "conversation", ("joined_into_id",), "joined_into_id"),
    ("ix_message_recheck_due_at", "message", ("recheck_due_at",), "recheck_due_at"),
    ("ix_message_erase_due_at", "message", ("erase_due_at",), "erase_due_at"),
    ("ix_message_look_at", "message", ("look_at",), "look_at"),
    ("ix_message_sibling_of_id", "message", ("sibling_of_id",), "sibling_of_id"),
    ("ix_message_parent", "message", ("channel_id", "parent_external_id"), "parent_external_id"),
)


def upgrade() -> None:
    for name, table, columns, present in _SPARSE:
        op.drop_index(name, table)
        where = sa.text(f"{present} IS NOT NULL")
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
    where = sa.text("post_id IS NOT NULL")
    op.create_index("ix_thread_post", "thread", ["post_id", "id"], sqlite_where=where, postgresql_where=where)
    op.drop_index("ix_thread_post_id", "thread")


def downgrade() -> None:
    op.create_index("ix_thread_post_id", "thread", ["post_id"])
    op.drop_index("ix_thread_post", "thread")
    for name, table, columns, _present in _SPARSE:
        op.drop_index(name, table)
        op.create_index(name, table, list(columns))
