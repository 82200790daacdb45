"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("limit_count", sa.Integer(), nullable=True),
        sa.Column("remaining_count", sa.Integer(), nullable=True),
        sa.Column("resets_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budget")),
    )
    op.create_table(
        "contact",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("profile_url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("platform", "scope", "external_id", name=op.f("uq_contact_platform_scope_external_id")),
    )
    op.create_table(
        "label",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_label_folded_name")),
    )
    op.create_table(
        "member",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("one_time_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("undo_seconds", sa.Integer(), nullable=False),
        sa.Column("are_keys_on", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("undo_seconds BETWEEN 0 AND 30", name=op.f("ck_member_undo_seconds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("email", name=op.f("uq_member_email")),
    )
    op.create_table(
        "team",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "channel",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("state_detail", sa.Text(), nullable=True),
        sa.Column("state_since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), nullable=False),
        sa.Column("preferences", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("limits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("permissions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disconnected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_waiting_count", sa.Integer(), nullable=False),
        sa.Column("import_late_count", sa.Integer(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usual_gap_seconds", sa.Double(), nullable=True),
        sa.Column("last_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verify_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("skew_seconds", sa.Double(), nullable=False),
        sa.Column("quiet_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused', 'needs_you', 'disconnected')", name=op.f("ck_channel_state")),
        sa.ForeignKeyConstraint(["connected_by_id"], ["member.id"], name=op.f("fk_channel_connected_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("platform", "scope", "external_id", name=op.f("uq_channel_platform_scope_external_id")),
    )
    op.create_table(
        "invitation",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("invited_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["invited_by_id"], ["member.id"], name=op.f("fk_invitation_invited_by_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_invitation_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_table(
        "member_session",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_session_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_member_session_token_hash")),
    )
    with op.batch_alter_table("member_session", schema=None) as batch_op:
        batch_op.create_index("ix_member_session_member_id", ["member_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'responder', 'lead')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_membership_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_membership_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("member_id", "team_id", name=op.f("uq_membership_member_id_team_id")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_team_id", ["team_id"], unique=False)

    op.create_table(
        "activity",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_activity_channel_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_activity_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index("ix_activity_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_activity_channel_id", ["channel_id", "id"], unique=False)
        batch_op.create_index("ix_activity_conversation_id", ["conversation_id", "id"], unique=False)

    op.create_table(
        "channel_stream",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("off_reason", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_count", sa.Integer(), nullable=False),
        sa.Column("is_walking", sa.Boolean(), nullable=False),
        sa.Column("walk_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("followed_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_complete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complete_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_item_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_comment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deep_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_deep", sa.Boolean(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("failing_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bad_page_count", sa.Integer(), nullable=False),
        sa.Column("page_digest", sa.Text(), nullable=True),
        sa.Column("page_repeat_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_channel_stream_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_stream")),
        sa.UniqueConstraint("channel_id", "name", name=op.f("uq_channel_stream_channel_id_name")),
    )
    with op.batch_alter_table("channel_stream", schema=None) as batch_op:
        batch_op.create_index("ix_channel_stream_due_at", ["due_at"], unique=False)

    op.create_table(
        "credential",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_token", sa.Text(), nullable=True),
        sa.Column("refresh_lease_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_credential_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_credential")),
    )
    op.create_table(
        "grant",
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("can_see", sa.Boolean(), nullable=False),
        sa.Column("can_see_private", sa.Boolean(), nullable=False),
        sa.Column("can_answer", sa.Boolean(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_grant_channel_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_grant_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
        sa.UniqueConstraint("team_id", "channel_id", name=op.f("uq_grant_team_id_channel_id")),
    )
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.create_index("ix_grant_channel_id", ["channel_id"], unique=False)

    op.create_table(
        "post",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("author_handle", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("authored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("like_count", sa.Integer(), nullable=True),
        sa.Column("comment_count", sa.Integer(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_post_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("channel_id", "external_id", name=op.f("uq_post_channel_id_external_id")),
    )
    op.create_table(
        "quarantined",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_detail", sa.Text(), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_count", sa.Integer(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolved_why", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_quarantined_channel_id")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["member.id"], name=op.f("fk_quarantined_resolved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined")),
        sa.UniqueConstraint("channel_id", "digest", name=op.f("uq_quarantined_channel_id_digest")),
    )
    with op.batch_alter_table("quarantined", schema=None) as batch_op:
        batch_op.create_index("ix_quarantined_open", ["channel_id", "resolved_at", "id"], unique=False)

    op.create_table(
        "thread",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wanted_parent", sa.Text(), nullable=True),
        sa.Column("joined_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("asks_about_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_thread_channel_id")),
        sa.ForeignKeyConstraint(["joined_into_id"], ["thread.id"], name=op.f("fk_thread_joined_into_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_thread_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("channel_id", "external_key", name=op.f("uq_thread_channel_id_external_key")),
    )
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.create_index("ix_thread_joined_into_id", ["joined_into_id"], unique=False)
        batch_op.create_index("ix_thread_post_id", ["post_id"], unique=False)
        batch_op.create_index("ix_thread_wanted_parent", ["channel_id", "wanted_parent"], unique=False)

    op.create_table(
        "conversation",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snoozed_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_no_answer_needed", sa.Boolean(), nullable=False),
        sa.Column("is_leaving", sa.Boolean(), nullable=False),
        sa.Column("has_edit_after_answer", sa.Boolean(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_inbound_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_outbound_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_inbound_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("joined_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("ck_conversation_priority")),
        sa.CheckConstraint("status IN ('open', 'snoozed', 'done', 'spam')", name=op.f("ck_conversation_status")),
        sa.ForeignKeyConstraint(["assignee_id"], ["member.id"], name=op.f("fk_conversation_assignee_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_conversation_channel_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_conversation_contact_id")),
        sa.ForeignKeyConstraint(["joined_into_id"], ["conversation.id"], name=op.f("fk_conversation_joined_into_id")),
        sa.ForeignKeyConstraint(["last_assignee_id"], ["member.id"], name=op.f("fk_conversation_last_assignee_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_conversation_team_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_conversation_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("thread_id", "contact_id", name=op.f("uq_conversation_thread_id_contact_id")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index("ix_conversation_assignee", ["assignee_id", "status", "queue_at", "id"], unique=False)
        batch_op.create_index(
            "ix_conversation_channel_queue", ["channel_id", "is_private", "status", "queue_at", "id"], unique=False
        )
        batch_op.create_index("ix_conversation_contact", ["contact_id", "id"], unique=False)
        batch_op.create_index("ix_conversation_everything", ["status", "queue_at", "id"], unique=False)
        batch_op.create_index("ix_conversation_joined_into_id", ["joined_into_id"], unique=False)
        batch_op.create_index(
            "ix_conversation_no_answer_all",
            ["queue_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
            postgresql_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
        )
        batch_op.create_index(
            "ix_conversation_no_answer_channel",
            ["channel_id", "is_private", "queue_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
            postgresql_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
        )
        batch_op.create_index("ix_conversation_snoozed", ["snoozed_until_at"], unique=False)
        batch_op.create_index("ix_conversation_team", ["team_id", "status", "queue_at", "id"], unique=False)
        batch_op.create_index(
            "ix_conversation_unassigned_all",
            ["queue_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
            postgresql_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
        )
        batch_op.create_index(
            "ix_conversation_unassigned_channel",
            ["channel_id", "is_private", "queue_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
            postgresql_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
        )

    op.create_table(
        "conversation_label",
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("queue_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_label_conversation_id")
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_conversation_label_label_id")),
        sa.PrimaryKeyConstraint("conversation_id", "label_id", name=op.f("pk_conversation_label")),
    )
    with op.batch_alter_table("conversation_label", schema=None) as batch_op:
        batch_op.create_index(
            "ix_conversation_label_queue", ["label_id", "status", "queue_at", "conversation_id"], unique=False
        )

    op.create_table(
        "message",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("parent_external_id", sa.Text(), nullable=True),
        sa.Column("parent_author_external_id", sa.Text(), nullable=True),
        sa.Column("platform_ref", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("platform_version", sa.Text(), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("marks", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mentions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mentions_us", sa.Boolean(), nullable=False),
        sa.Column("is_sticker", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("authored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("awaits", sa.Boolean(), nullable=False),
        sa.Column("awaits_reason", sa.Text(), nullable=True),
        sa.Column("settled", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("excused_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("excused_why", sa.Text(), nullable=True),
        sa.Column("is_history", sa.Boolean(), nullable=False),
        sa.Column("is_native", sa.Boolean(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("is_whom_said", sa.Boolean(), nullable=False),
        sa.Column("is_held_back", sa.Boolean(), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_edited_after_answer", sa.Boolean(), nullable=False),
        sa.Column("first_gone_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("erase_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_not_visible", sa.Boolean(), nullable=False),
        sa.Column("recheck_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rechecked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("liked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sibling_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_message_direction")),
        sa.CheckConstraint("settled IN ('answered', 'excused', 'withdrawn')", name=op.f("ck_message_settled")),
        sa.CheckConstraint("NOT (awaits AND settled IS NOT NULL)", name=op.f("ck_message_awaits_or_settled")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_message_channel_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_message_contact_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_message_conversation_id")),
        sa.ForeignKeyConstraint(["excused_by_id"], ["member.id"], name=op.f("fk_message_excused_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_message_member_id")),
        sa.ForeignKeyConstraint(["sibling_of_id"], ["message.id"], name=op.f("fk_message_sibling_of_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_message_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("channel_id", "external_id", name=op.f("uq_message_channel_id_external_id")),
        sa.UniqueConstraint("thread_id", "seq", name=op.f("uq_message_thread_id_seq")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_contact_id", ["contact_id", "external_id"], unique=False)
        batch_op.create_index("ix_message_conversation", ["conversation_id", "awaits", "clock_at"], unique=False)
        batch_op.create_index("ix_message_erase_due_at", ["erase_due_at"], unique=False)
        batch_op.create_index("ix_message_look_at", ["look_at"], unique=False)
        batch_op.create_index(
            "ix_message_ours",
            ["thread_id", "clock_at"],
            unique=False,
            sqlite_where=sa.text("direction = 'outbound'"),
            postgresql_where=sa.text("direction = 'outbound'"),
        )
        batch_op.create_index("ix_message_parent", ["channel_id", "parent_external_id"], unique=False)
        batch_op.create_index("ix_message_recheck_due_at", ["recheck_due_at"], unique=False)
        batch_op.create_index("ix_message_sibling_of_id", ["sibling_of_id"], unique=False)
        batch_op.create_index("ix_message_thread_clock", ["thread_id", "clock_at", "id"], unique=False)

    op.create_table(
        "note",
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_note_conversation_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_note_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index("ix_note_conversation_id", ["conversation_id"], unique=False)

    op.create_table(
        "read_mark",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("up_to_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_read_mark_conversation_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_read_mark_member_id")),
        sa.PrimaryKeyConstraint("member_id", "conversation_id", name=op.f("pk_read_mark")),
    )
    with op.batch_alter_table("read_mark", schema=None) as batch_op:
        batch_op.create_index("ix_read_mark_conversation_id", ["conversation_id"], unique=False)

    op.create_table(
        "answer",
        sa.Column("reply_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("up_to_seq", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_answer_conversation_id")),
        sa.ForeignKeyConstraint(["reply_message_id"], ["message.id"], name=op.f("fk_answer_reply_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "reply_message_id", "conversation_id", name=op.f("uq_answer_reply_message_id_conversation_id")
        ),
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.create_index("ix_answer_conversation_id", ["conversation_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reply_key", sa.Text(), nullable=True),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_seq", sa.Integer(), nullable=False),
        sa.Column("seen_after_seq", sa.Integer(), nullable=False),
        sa.Column("also_answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("is_finishing", sa.Boolean(), nullable=False),
        sa.Column("is_confirmed_late", sa.Boolean(), nullable=False),
        sa.Column("outgoing", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("wanted_external_id", sa.Text(), nullable=True),
        sa.Column("text_as_stored", sa.Text(), nullable=False),
        sa.Column("parent_external_id", sa.Text(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("claim_token", sa.Text(), nullable=True),
        sa.Column("lease_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_count", sa.Integer(), nullable=False),
        sa.Column("unclear_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_count", sa.Integer(), nullable=False),
        sa.Column("first_absent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_resent", sa.Boolean(), nullable=False),
        sa.Column("parent_gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("candidates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_detail", sa.Text(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("kind IN ('reply', 'notification')", name=op.f("ck_delivery_kind")),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'sent', 'refused', 'unclear', 'needs_person', 'cancelled', 'returned', 'gone')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_delivery_channel_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_delivery_conversation_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_delivery_member_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("reply_key", name=op.f("uq_delivery_reply_key")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_channel_state", ["channel_id", "state"], unique=False)
        batch_op.create_index("ix_delivery_due", ["kind", "state", "due_at"], unique=False)
        batch_op.create_index("ix_delivery_message_id", ["message_id"], unique=False)
        batch_op.create_index("ix_delivery_parent", ["channel_id", "parent_external_id"], unique=False)
        batch_op.create_index("ix_delivery_wanted", ["channel_id", "wanted_external_id"], unique=False)
        batch_op.create_index(
            "uq_delivery_on_its_way",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text(
                "state IN ('held', 'queued', 'sending', 'unclear', 'needs_person') AND kind = 'reply'"
            ),
            postgresql_where=sa.text(
                "state IN ('held', 'queued', 'sending', 'unclear', 'needs_person') AND kind = 'reply'"
            ),
        )

    op.create_table(
        "media",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("preview_url", sa.Text(), nullable=True),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_media_channel_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_media_contact_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_media_message_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_media_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("message_id", "position", name=op.f("uq_media_message_id_position")),
        sa.UniqueConstraint("post_id", "position", name=op.f("uq_media_post_id_position")),
    )
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.create_index("ix_media_contact_id", ["contact_id"], unique=False)

    op.create_table(
        "message_version",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("platform_version", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_version_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_version")),
        sa.UniqueConstraint("message_id", "number", name=op.f("uq_message_version_message_id_number")),
    )
    op.create_table(
        "raw_payload",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_raw_payload_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_payload")),
    )
    with op.batch_alter_table("raw_payload", schema=None) as batch_op:
        batch_op.create_index("ix_raw_payload_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_raw_payload_message_id", ["message_id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("claim_token", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("claim_token", name=op.f("uq_attempt_claim_token")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_attempt_delivery_id_number")),
    )
    op.create_table(
        "draft",
        sa.Column("reply_key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("parent_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seen_seq", sa.Integer(), nullable=False),
        sa.Column("also_answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("is_finishing", sa.Boolean(), nullable=False),
        sa.Column("send_after_delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("returned_code", sa.Text(), nullable=True),
        sa.Column("returned_detail", sa.Text(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.CheckConstraint("state IN ('open', 'waiting', 'leaving', 'sent', 'discarded')", name=op.f("ck_draft_state")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_draft_conversation_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_draft_delivery_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_draft_member_id")),
        sa.ForeignKeyConstraint(
            ["send_after_delivery_id"], ["delivery.id"], name=op.f("fk_draft_send_after_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("reply_key", name=op.f("uq_draft_reply_key")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index("ix_draft_conversation_id", ["conversation_id"], unique=False)
        batch_op.create_index("ix_draft_member_conversation", ["member_id", "conversation_id", "state"], unique=False)
        batch_op.create_index("ix_draft_send_after", ["send_after_delivery_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index("ix_draft_send_after")
        batch_op.drop_index("ix_draft_member_conversation")
        batch_op.drop_index("ix_draft_conversation_id")

    op.drop_table("draft")
    op.drop_table("attempt")
    with op.batch_alter_table("raw_payload", schema=None) as batch_op:
        batch_op.drop_index("ix_raw_payload_message_id")
        batch_op.drop_index("ix_raw_payload_expires_at")

    op.drop_table("raw_payload")
    op.drop_table("message_version")
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.drop_index("ix_media_contact_id")

    op.drop_table("media")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_delivery_on_its_way",
            sqlite_where=sa.text(
                "state IN ('held', 'queued', 'sending', 'unclear', 'needs_person') AND kind = 'reply'"
            ),
            postgresql_where=sa.text(
                "state IN ('held', 'queued', 'sending', 'unclear', 'needs_person') AND kind = 'reply'"
            ),
        )
        batch_op.drop_index("ix_delivery_wanted")
        batch_op.drop_index("ix_delivery_parent")
        batch_op.drop_index("ix_delivery_message_id")
        batch_op.drop_index("ix_delivery_due")
        batch_op.drop_index("ix_delivery_channel_state")

    op.drop_table("delivery")
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.drop_index("ix_answer_conversation_id")

    op.drop_table("answer")
    with op.batch_alter_table("read_mark", schema=None) as batch_op:
        batch_op.drop_index("ix_read_mark_conversation_id")

    op.drop_table("read_mark")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index("ix_note_conversation_id")

    op.drop_table("note")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_thread_clock")
        batch_op.drop_index("ix_message_sibling_of_id")
        batch_op.drop_index("ix_message_recheck_due_at")
        batch_op.drop_index("ix_message_parent")
        batch_op.drop_index(
            "ix_message_ours",
            sqlite_where=sa.text("direction = 'outbound'"),
            postgresql_where=sa.text("direction = 'outbound'"),
        )
        batch_op.drop_index("ix_message_look_at")
        batch_op.drop_index("ix_message_erase_due_at")
        batch_op.drop_index("ix_message_conversation")
        batch_op.drop_index("ix_message_contact_id")

    op.drop_table("message")
    with op.batch_alter_table("conversation_label", schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_label_queue")

    op.drop_table("conversation_label")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_conversation_unassigned_channel",
            sqlite_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
            postgresql_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
        )
        batch_op.drop_index(
            "ix_conversation_unassigned_all",
            sqlite_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
            postgresql_where=sa.text("status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"),
        )
        batch_op.drop_index("ix_conversation_team")
        batch_op.drop_index("ix_conversation_snoozed")
        batch_op.drop_index(
            "ix_conversation_no_answer_channel",
            sqlite_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
            postgresql_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
        )
        batch_op.drop_index(
            "ix_conversation_no_answer_all",
            sqlite_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
            postgresql_where=sa.text("is_no_answer_needed AND status <> 'spam'"),
        )
        batch_op.drop_index("ix_conversation_joined_into_id")
        batch_op.drop_index("ix_conversation_everything")
        batch_op.drop_index("ix_conversation_contact")
        batch_op.drop_index("ix_conversation_channel_queue")
        batch_op.drop_index("ix_conversation_assignee")

    op.drop_table("conversation")
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_index("ix_thread_wanted_parent")
        batch_op.drop_index("ix_thread_post_id")
        batch_op.drop_index("ix_thread_joined_into_id")

    op.drop_table("thread")
    with op.batch_alter_table("quarantined", schema=None) as batch_op:
        batch_op.drop_index("ix_quarantined_open")

    op.drop_table("quarantined")
    op.drop_table("post")
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.drop_index("ix_grant_channel_id")

    op.drop_table("grant")
    op.drop_table("credential")
    with op.batch_alter_table("channel_stream", schema=None) as batch_op:
        batch_op.drop_index("ix_channel_stream_due_at")

    op.drop_table("channel_stream")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_index("ix_activity_conversation_id")
        batch_op.drop_index("ix_activity_channel_id")
        batch_op.drop_index("ix_activity_at")

    op.drop_table("activity")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_team_id")

    op.drop_table("membership")
    with op.batch_alter_table("member_session", schema=None) as batch_op:
        batch_op.drop_index("ix_member_session_member_id")

    op.drop_table("member_session")
    op.drop_table("invitation")
    op.drop_table("channel")
    op.drop_table("team")
    op.drop_table("member")
    op.drop_table("label")
    op.drop_table("contact")
    op.drop_table("budget")
