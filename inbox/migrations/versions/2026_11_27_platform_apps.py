"""What servers call Relevo, for signing in there"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_platform_apps"
down_revision = "2026_11_27_saved_replies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platform_app",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_app")),
        sa.UniqueConstraint(
            "platform", "service_url", "redirect_uri", name=op.f("uq_platform_app_platform_service_url_redirect_uri")
        ),
    )


def downgrade() -> None:
    op.drop_table("platform_app")
