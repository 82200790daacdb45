"""What happens to drafts and replies on their way when two threads turn out to be one (RULES A5)."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.join import Joined
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.replies.drafts import new_key
from inbox.replies.models import Draft
from inbox.replies.queue import find_on_its_way


def move(session: Session, joined: Joined) -> None:
    """Let the loser's drafts and deliveries follow their conversations, with what was seen in the new count.

    Call it right after conversations.join, in its transaction. An open draft gets a new key, for the screen it
    was written on counted otherwise: its Send is refused and the page is loaded anew.
    """
    moved = sorted({*joined.conversations, *joined.kept_ids})
    for draft in _list_drafts(session, moved):
        _move_draft(draft, joined)
    for delivery in _list_deliveries(session, moved):
        _move_delivery(session, delivery, joined)
    session.flush()


def _list_drafts(session: Session, conversation_ids: list[int]) -> list[Draft]:
    query = select(Draft).where(Draft.conversation_id.in_(conversation_ids)).order_by(Draft.id)
    return list(session.scalars(query.with_for_update()))


def _list_deliveries(session: Session, conversation_ids: list[int]) -> list[Delivery]:
    query = select(Delivery).where(Delivery.conversation_id.in_(conversation_ids)).order_by(Delivery.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def _move_draft(draft: Draft, joined: Joined) -> None:
    draft.conversation_id = joined.conversations.get(draft.conversation_id, draft.conversation_id)
    draft.seen_seq = joined.seq_after(draft.seen_seq)
    draft.also_answers = _move_also(draft.also_answers, joined)
    if draft.state in ("open", "waiting"):
        draft.reply_key = new_key()
        draft.updated_at = clock.now()


def _move_also(also: dict[str, int], joined: Joined) -> dict[str, int]:
    return {
        str(joined.conversations.get(int(one), int(one))): joined.seq_after(int(seen)) for one, seen in also.items()
    }


def _move_delivery(session: Session, delivery: Delivery, joined: Joined) -> None:
    first = min(joined.seqs.values(), default=1)  # what the winner had before stood on no screen of this writer
    values = {
        "seen_seq": joined.seq_after(delivery.seen_seq),
        "seen_after_seq": max(joined.seq_after(delivery.seen_after_seq), first - 1),
        "also_answers": _move_also(delivery.also_answers, joined),
    }
    target = joined.conversations.get(delivery.conversation_id or 0)
    if target is not None and not _is_taken(session, delivery, target):
        values["conversation_id"] = target
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id)
        .values(**values, version=Delivery.version + 1)
        .execution_options(synchronize_session="fetch")
    )


def _is_taken(session: Session, delivery: Delivery, conversation_id: int) -> bool:
    """Tell whether both conversations have a reply on its way: one then stays with the old row, which leads on."""
    other = find_on_its_way(session, conversation_id)
    return other is not None and other.id != delivery.id and delivery.state in ON_ITS_WAY
