"""What an alert gathered that has no timer: how many, when that was told, and to whom"""

import json

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_untimed"
down_revision = "2026_11_27_quarantine_private"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("untimed_count", sa.Integer(), nullable=True))
    op.add_column("alert", sa.Column("untimed_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("untimed_told_to", sa.Text(), nullable=True))
    _keep_what_is_told()


def downgrade() -> None:
    for name in ("untimed_told_to", "untimed_told_at", "untimed_count"):
        op.drop_column("alert", name)


def _keep_what_is_told() -> None:
    """Let alerts that gathered no timer go on as they are, those on their way to somebody too."""
    link = op.get_bind()
    link.exec_driver_sql("UPDATE alert SET untimed_count = 0")
    link.exec_driver_sql(
        "UPDATE alert SET untimed_count = gathered_count, untimed_told_at = told_at"
        " WHERE NOT EXISTS (SELECT 1 FROM alert_timer WHERE alert_timer.alert_id = alert.id)"
    )
    open_ones = sa.text("SELECT id, underway FROM alert WHERE state <> 'closed' AND untimed_count > 0")
    change = sa.text("UPDATE alert SET untimed_told_to = :word WHERE id = :id")
    for row in link.execute(open_ones).all():
        underway = json.loads(row.underway) if isinstance(row.underway, str) else row.underway
        if underway:
            word = f" {' '.join(str(number) for number in underway)} "
            link.execute(change, {"word": word, "id": row.id})
