"""running timers that are brought to another version of their policy, and what was done to policies"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_replans"
down_revision = "2026_11_27_alerts"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF_POLICIES = "kind IN ('sla_policy_saved', 'sla_policy_moved', 'sla_policy_archived', 'sla_replanned')"


def upgrade() -> None:
    op.create_table(
        "replan",
        sa.Column("policy_id", _ID, nullable=False),
        sa.Column("version_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("member_id", _ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after_id", _ID, nullable=False),
        sa.Column("running_count", sa.Integer(), nullable=False),
        sa.Column("looked_count", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("walk_count", sa.Integer(), nullable=False),
        sa.Column("is_again", sa.Boolean(), nullable=False),
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], name=op.f("fk_replan_policy_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_replan_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replan")),
    )
    op.create_index("ix_replan_policy_id", "replan", ["policy_id", "id"], unique=False)
    _add_partial_index("ix_replan_underway", "replan", "finished_at IS NULL")
    _add_partial_index("ix_activity_of_policies", "activity", _OF_POLICIES)


def downgrade() -> None:
    op.drop_index("ix_activity_of_policies", "activity")
    op.drop_table("replan")


def _add_partial_index(name: str, table: str, where: str) -> None:
    op.create_index(name, table, ["id"], unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
