"""A reply that does not leave goes back to its writer as a draft, with the reason above it (RULES D1, D6)."""

import json
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.replies.drafts import new_key
from inbox.replies.holding import conversation_of
from inbox.replies.models import Draft


def give_back(
    session: Session,
    delivery: Delivery,
    to: State,
    code: str | None,
    detail: dict[str, Any] | None = None,
    **given: Any,
) -> bool:
    """Move a delivery to cancelled, returned or refused and reopen its draft; tells whether it moved.

    `given` goes to `moves.move` (token, is_surely_not_accepted, member_id, only_from). The caller holds the
    thread's lock.
    """
    words = json.dumps(detail) if detail else None
    if not move(session, delivery, to, reason=code, reason_detail=words, **given):
        return False
    reopen_draft(session, delivery, code, words)
    stop_leaving(session, delivery)
    return True


def reopen_draft(session: Session, delivery: Delivery, code: str | None, words: str | None) -> Draft | None:
    """Open the delivery's draft again under a new key; the old key keeps belonging to the delivery."""
    query = select(Draft).where(Draft.delivery_id == delivery.id, Draft.state == "leaving")
    draft = session.scalar(query.with_for_update())
    if draft is None:
        return None
    draft.state = "open"
    draft.reply_key = new_key()
    draft.returned_code, draft.returned_detail = code, words
    draft.send_after_delivery_id = None
    draft.updated_at = clock.now()
    session.flush()
    return draft


def stop_leaving(session: Session, delivery: Delivery) -> None:
    """Take the mark "leaving" off the conversation's row and let pages draw it again."""
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_of(session, delivery).id)
        .values(is_leaving=False, version=Conversation.version + 1)
        .execution_options(synchronize_session="fetch")
    )
