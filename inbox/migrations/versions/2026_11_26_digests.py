"""a file's rows are found by its digest"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_digests"
down_revision = "2026_11_26_threads_of_posts"
branch_labels = None
depends_on = None

_WHERE = sa.text("digest IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_media_digest", "media", ["digest"], sqlite_where=_WHERE, postgresql_where=_WHERE)


def downgrade() -> None:
    op.drop_index("ix_media_digest", "media")
