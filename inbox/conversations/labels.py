"""Labels: made on the fly, taken off again."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, ConversationLabel, Label
from inbox.conversations.threads import lock_conversation
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.access import sees

LONGEST = 40


def label(session: Session, conversation: Conversation, member_id: int, name: str) -> Activity:
    """Put a label on, made if nobody used that word yet (upper and lower case are one).

    Raises Invalid('label_empty') or Invalid('label_too_long', max=40); Conflict('has_label').
    """
    found = _find_or_make(session, _trimmed(name))
    conversation = lock_conversation(session, conversation.id)
    if session.get(ConversationLabel, (conversation.id, found.id)) is not None:
        raise Conflict("has_label", name=found.name)
    put_on(session, conversation, found.id)
    after = {"label_id": found.id}
    return change(session, conversation, kinds.LABELLED, member_id, {}, after=after)


def unlabel(session: Session, conversation: Conversation, member_id: int, label_id: int) -> Activity:
    """Take a label off; raises NotFound('label')."""
    conversation = lock_conversation(session, conversation.id)
    if not take_off(session, conversation, label_id):
        raise NotFound("label")
    return change(session, conversation, kinds.UNLABELLED, member_id, {}, after={"label_id": label_id})


def put_on(session: Session, conversation: Conversation, label_id: int) -> None:
    """Add the row of a label that a locked conversation does not have."""
    session.add(
        ConversationLabel(
            conversation_id=conversation.id,
            label_id=label_id,
            status=conversation.status,
            queue_at=conversation.queue_at,
        )
    )
    session.flush()


def take_off(session: Session, conversation: Conversation, label_id: int) -> bool:
    """Remove a label's row from a locked conversation; tells whether it was there."""
    row = session.get(ConversationLabel, (conversation.id, label_id))
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True


def list_labels(session: Session, member_id: int, starting_with: str = "", limit: int = 50) -> list[Label]:
    """Return labels by name, for the filter and the typeahead: those on some conversation that the member sees.

    A label can name a person, so another team's words stay with that team (RULES G).
    """
    is_seen = exists(
        select(ConversationLabel.label_id)
        .join(Conversation, Conversation.id == ConversationLabel.conversation_id)
        .where(
            ConversationLabel.label_id == Label.id,
            sees(member_id, Conversation.channel_id, Conversation.is_private),
        )
        .correlate(Label)
    )
    found = select(Label).where(is_seen).order_by(Label.folded_name).limit(limit)
    if starting_with:
        found = found.where(Label.folded_name.startswith(_folded(starting_with), autoescape=True))
    return list(session.scalars(found))


def _trimmed(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())  # PostgreSQL keeps no NUL
    if not any(letter.isprintable() and not letter.isspace() for letter in name):  # letters that show nothing
        raise Invalid("label_empty")
    if len(name) > LONGEST:
        raise Invalid("label_too_long", max=LONGEST)
    return name


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _find_or_make(session: Session, name: str) -> Label:
    """Return the label of this word; two members who make it at once get the same."""
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"name": name, "folded_name": _folded(name), "created_at": clock.now()}
    session.execute(insert(Label).values(values).on_conflict_do_nothing(index_elements=["folded_name"]))
    return session.scalars(select(Label).where(Label.folded_name == _folded(name))).one()
