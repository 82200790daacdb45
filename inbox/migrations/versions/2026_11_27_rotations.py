"""rotations: who is on call in turn and who sits at the desk, by plans that are kept as they were"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_rotations"
down_revision = "2026_11_27_notifications"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rotation",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("removed_at", _AT, nullable=True),
        sa.Column("removed_by_id", _ID, nullable=True),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('on_call', 'desk')", name=op.f("ck_rotation_kind")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["member.id"], name=op.f("fk_rotation_removed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation")),
    )
    where = sa.text("removed_at IS NULL")
    op.create_index("ix_rotation_name", "rotation", ["name"], unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "rotation_version",
        sa.Column("rotation_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_by_id", _ID, nullable=True),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotation.id"], name=op.f("fk_rotation_version_rotation_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["member.id"], name=op.f("fk_rotation_version_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_version")),
        sa.UniqueConstraint("rotation_id", "version", name=op.f("uq_rotation_version_rotation_id_version")),
    )
    op.create_table(
        "rotation_override",
        sa.Column("rotation_id", _ID, nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("until_at", _AT, nullable=False),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by_id", _ID, nullable=True),
        sa.Column("removed_at", _AT, nullable=True),
        sa.Column("removed_by_id", _ID, nullable=True),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_rotation_override_order")),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotation.id"], name=op.f("fk_rotation_override_rotation_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rotation_override_member_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["member.id"], name=op.f("fk_rotation_override_created_by_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["member.id"], name=op.f("fk_rotation_override_removed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_override")),
    )
    op.create_index("ix_rotation_override_rotation_id", "rotation_override", ["rotation_id", "until_at"])


def downgrade() -> None:
    op.drop_index("ix_rotation_override_rotation_id", "rotation_override")
    op.drop_table("rotation_override")
    op.drop_table("rotation_version")
    op.drop_index("ix_rotation_name", "rotation")
    op.drop_table("rotation")
