"""Labels: made on the fly, taken off again."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.bulk import table_of
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, ConversationLabel, Label
from inbox.conversations.rows import LabelView
from inbox.conversations.threads import lock_conversation
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Grant, Membership

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
            channel_id=conversation.channel_id,
            is_private=conversation.is_private,
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


def list_labels(session: Session, member_id: int, starting_with: str = "", limit: int = 50) -> list[LabelView]:
    """Return labels by name, for the filter and the typeahead: those on some conversation that the member sees.

    A label can name a person, so another team's words stay with that team (RULES G).
    """
    values: dict[str, Any] = {"member_id": member_id, "most": limit}
    seen = _SEEN_LABELS
    if starting_with:
        seen = seen.where(table_of(Label).c.folded_name.startswith(_folded(starting_with), autoescape=True))
    return [LabelView(number, name) for number, name in session.execute(seen, values)]


def _list_seen() -> Select[Any]:
    """Look for each label on one channel after the other that the member sees, until it is found.

    Each look is one step into an index, so that it costs as much for a million conversations as for ten. A plain
    EXISTS over labels and grants would let a database read all of a label's rows instead: those of others' channels
    for who sees few.
    """
    grant, membership, labelled = table_of(Grant).c, table_of(Membership).c, table_of(ConversationLabel).c
    label = table_of(Label).c
    seen = (
        select(grant.channel_id, func.max(cast(grant.can_see_private, Integer)).label("may_private"))
        .join(table_of(Membership), membership.team_id == grant.team_id)
        .where(membership.member_id == bindparam("member_id", type_=BigInteger), grant.can_see)
        .group_by(grant.channel_id)
        .cte("seen")
        .prefix_with("MATERIALIZED")
    )

    def is_on(is_private: ColumnElement[bool]) -> ColumnElement[bool]:
        there = (labelled.label_id == label.id, labelled.channel_id == seen.c.channel_id)
        one = select(labelled.conversation_id).where(*there, labelled.is_private == is_private).limit(_ONE)
        return one.correlate(table_of(Label), seen).scalar_subquery().is_not(None)

    found = select(seen.c.channel_id).where(or_(is_on(false()), and_(seen.c.may_private == _ONE, is_on(true()))))
    is_seen = found.limit(_ONE).correlate(table_of(Label)).scalar_subquery().is_not(None)
    seen_labels = select(label.id, label.name).where(is_seen).order_by(label.folded_name)
    return seen_labels.limit(bindparam("most", type_=BigInteger))


_ONE: ColumnElement[int] = literal_column("1")
_SEEN_LABELS = _list_seen()


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
