"""The SQL that pages can't do without, written by hand: what a page costs beyond it is ours to answer for."""

ROW = """
SELECT c.*, k.display_name, k.handle, k.avatar_url, ch.platform, ch.handle, ch.display_name, ch.is_sandbox,
  i.id, substr(i.text, 1, 300), i.gone_at, i.awaits_reason, o.clock_at, substr(o.text, 1, 160), substr(p.text, 1, 120),
  a.name, b.name, t.name, r.up_to_seq,
  (SELECT count(*) FROM media WHERE message_id = i.id),
  (SELECT max(id) FROM media WHERE contact_id = c.contact_id AND channel_id = c.channel_id),
  (SELECT min(state) FROM delivery WHERE conversation_id = c.id AND kind = 'reply'
    AND state IN ('held', 'queued', 'sending', 'unclear', 'needs_person'))
FROM ({picked}) w JOIN conversation c ON c.id = w.id
  JOIN contact k ON k.id = c.contact_id JOIN channel ch ON ch.id = c.channel_id JOIN thread h ON h.id = c.thread_id
  LEFT JOIN post p ON p.id = h.post_id LEFT JOIN message i ON i.id = c.last_inbound_message_id
  LEFT JOIN message o ON o.id = c.last_outbound_message_id LEFT JOIN member a ON a.id = c.assignee_id
  LEFT JOIN member b ON b.id = c.last_assignee_id LEFT JOIN team t ON t.id = c.team_id
  LEFT JOIN read_mark r ON r.conversation_id = c.id AND r.member_id = {member_id}
ORDER BY c.queue_at, c.id"""

LABELS = """
SELECT l.conversation_id, l.label_id, n.name FROM conversation_label l JOIN label n ON n.id = l.label_id
WHERE l.conversation_id IN (SELECT id FROM ({picked}) x)"""

SEEN = """joined_into_id IS NULL AND EXISTS (SELECT 1 FROM "grant" g JOIN membership m ON m.team_id = g.team_id
  WHERE m.member_id = {member_id} AND g.channel_id = c.channel_id AND g.can_see
  AND (NOT c.is_private OR g.can_see_private))"""

SIGNED_IN = """SELECT s.*, m.* FROM member_session s JOIN member m ON m.id = s.member_id
WHERE s.member_id = {member_id} AND s.ended_at IS NULL ORDER BY s.id DESC LIMIT 1"""

CHANNELS = """SELECT * FROM channel c WHERE EXISTS (SELECT 1 FROM "grant" g JOIN membership m ON m.team_id = g.team_id
  WHERE m.member_id = {member_id} AND g.channel_id = c.id AND g.can_see)"""

COUNTS = (
    "status = 'open' AND assignee_id = {member_id} AND queue_at < '2200-01-01'",
    "status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed AND queue_at < '2200-01-01'",
    "status = 'snoozed'",
    "is_no_answer_needed AND status <> 'spam'",
    "status = 'open' AND queue_at < '2200-01-01'",
)


def page_of(picked: str, member_id: int, on: str = "") -> list[str]:
    """Return the statements of a queue's page; `picked` selects ids, `on` narrows the counts to what one sees."""
    seen = SEEN.format(member_id=member_id)
    counts = [
        f"SELECT count(*) FROM (SELECT 1 FROM conversation c WHERE {one.format(member_id=member_id)} {on} AND {seen}"
        " ORDER BY queue_at, id LIMIT 100) x"
        for one in COUNTS
    ]
    return [
        SIGNED_IN.format(member_id=member_id),
        CHANNELS.format(member_id=member_id),
        ROW.format(picked=picked, member_id=member_id),
        LABELS.format(picked=picked),
        *counts,
    ]
