"""conversation_page: a conversation of 20 messages, and the newest part of a thread of 400.

As a whole page, and as the pane that a click on a row of the list asks for.
"""

from tests.bench import bare
from tests.bench.crowd import LEAD_ID
from tests.bench.stage import Stage
from tests.bench.threads import LONG, SHORT, key_of
from tests.bench.visiting import Page, Pages, Visitor

_NEWEST = """
SELECT m.*, k.display_name, k.handle, k.avatar_url, ch.display_name, ch.handle, ch.avatar_url, w.name, e.name
FROM message m JOIN channel ch ON ch.id = m.channel_id LEFT JOIN contact k ON k.id = m.contact_id
  LEFT JOIN member w ON w.id = m.member_id LEFT JOIN member e ON e.id = m.excused_by_id
WHERE m.thread_id = {thread_id} AND m.seq IS NOT NULL AND NOT m.is_held_back
ORDER BY m.clock_at DESC, m.id DESC LIMIT 51"""
_OF_NEWEST = "SELECT id FROM message WHERE thread_id = {thread_id} ORDER BY clock_at DESC, id DESC LIMIT 51"
_BESIDE = (
    "SELECT * FROM conversation c JOIN thread t ON t.id = c.thread_id WHERE c.id = {id}",
    f"SELECT * FROM message_version WHERE message_id IN (SELECT id FROM ({_OF_NEWEST}) x)",
    f"SELECT * FROM media WHERE message_id IN (SELECT id FROM ({_OF_NEWEST}) x)",
    "SELECT * FROM note WHERE conversation_id = {id}",
    "SELECT * FROM activity WHERE conversation_id = {id} ORDER BY id DESC LIMIT 50",
    "SELECT * FROM delivery WHERE conversation_id = {id}",
    "SELECT * FROM draft WHERE conversation_id = {id}",
    "SELECT * FROM conversation WHERE contact_id = {contact_id} ORDER BY id DESC LIMIT 9",
)
_QUEUE = f"SELECT c.id FROM conversation c WHERE c.status = 'open' AND {bare.SEEN} ORDER BY c.queue_at, c.id LIMIT 51"


def open_on(stage: Stage) -> Pages:
    """Prepare both threads, opened by a lead with the queue beside them and by a click; the short one fresh too."""
    fresh = _page(stage, "20 messages, first look", SHORT)
    fresh.remembers = False
    found = [("20 messages", SHORT), ("newest 50 of 400", LONG)]
    pages = [_page(stage, variant, name) for variant, name in found]
    panes = [_page(stage, f"{variant}, by a click", name, is_pane=True) for variant, name in found]
    return Pages(stage, [*pages, *panes, fresh])


def _page(stage: Stage, variant: str, name: str, *, is_pane: bool = False) -> Page:
    link = stage.connect()
    found = link.execute(
        "SELECT c.id, c.thread_id, c.contact_id FROM conversation c JOIN thread t ON t.id = c.thread_id"
        f" WHERE t.external_key = '{key_of(name)}'"
    ).fetchone()
    link.close()
    given = dict(zip(("id", "thread_id", "contact_id"), found, strict=True))
    who = bare.SIGNED_IN.format(member_id=LEAD_ID)
    statements = [who] if is_pane else bare.page_of(_QUEUE.format(member_id=LEAD_ID), LEAD_ID)
    statements += [statement.format(**given) for statement in (_NEWEST, *_BESIDE)]
    visitor = Visitor(stage, LEAD_ID, asks_for_parts=is_pane)
    return Page("conversation_page", variant, visitor, f"/c/{given['id']}", statements)
