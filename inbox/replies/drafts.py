"""Drafts: opened with the key that lets one delivery through, saved, given up (RULES D5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import written_out
from inbox.conversations.access import access_conversation
from inbox.conversations.models import Conversation
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member
from inbox.replies.models import Draft

MOST_CHARACTERS = 20_000
MODES = ("public", "private")
_NOT_SENT = (
    select(Draft)
    .where(
        Draft.member_id == bindparam("member_id", type_=BigInteger),
        Draft.conversation_id == bindparam("conversation_id", type_=BigInteger),
        Draft.state.in_(written_out(("open", "waiting"))),
    )
    # One that has words before one that was only opened: a reply that comes back takes an empty composer's place.
    .order_by(Draft.state, Draft.text == "", Draft.updated_at.desc(), Draft.id.desc())
)


@dataclass(frozen=True)
class Keeping:
    """Which opened page wants a draft kept, and its how-manieth keeping this is: requests overtake one another."""

    page: str
    number: int


def open_draft(session: Session, member: Member, conversation: Conversation) -> Draft:
    """Return the member's open draft in this conversation, the newest of several, or a new one with its key."""
    # One at a time per member, so that two tabs that open together share one key.
    session.execute(select(Member.id).where(Member.id == member.id).with_for_update(key_share=True))
    found = find_open(session, member.id, conversation.id)
    return found or _make_draft(session, member, conversation)


def keep_aside(session: Session, member: Member, conversation: Conversation, text: str) -> Draft:
    """Return a draft for words whose key was used up: an open one that has none or the same, else a new one."""
    newest = open_draft(session, member, conversation)  # one at a time per member
    known = [draft for draft in list_drafts(session, member.id, conversation.id) if draft.text == text]
    if known:
        return known[0]
    return newest if not newest.text else _make_draft(session, member, conversation)


def _make_draft(session: Session, member: Member, conversation: Conversation) -> Draft:
    now = clock.now()
    made = Draft(
        reply_key=new_key(),
        member_id=member.id,
        conversation_id=conversation.id,
        state="open",
        mode="private" if conversation.is_private else "public",
        parent_message_id=conversation.last_inbound_message_id,
        also_answers={},
        created_at=now,
        updated_at=now,
    )
    session.add(made)
    session.flush()
    return made


def find_open(session: Session, member_id: int, conversation_id: int) -> Draft | None:
    """Return the member's newest open draft in a conversation."""
    return next(iter(list_drafts(session, member_id, conversation_id)), None)


def list_drafts(session: Session, member_id: int, conversation_id: int) -> list[Draft]:
    """List what the member has not sent there, newest first: open drafts and those that wait for another's reply."""
    return list(session.scalars(_NOT_SENT, {"member_id": member_id, "conversation_id": conversation_id}))


def access_draft(session: Session, member_id: int, draft_id: int) -> Draft:
    """Return one's own draft; raises NotFound for another's and where the conversation may not be answered."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.member_id != member_id:
        raise NotFound("draft_unknown")
    access_conversation(session, member_id, draft.conversation_id, "answer")
    return draft


def save_draft(
    session: Session,
    draft: Draft,
    text: str,
    *,
    mode: str | None = None,
    parent_message_id: int | None = None,
    seen_seq: int | None = None,
    also_answers: Mapping[str, int] | None = None,
    is_finishing: bool | None = None,
    keeping: Keeping | None = None,
) -> Draft:
    """Keep what is being written; raises Invalid('draft_too_long'), Conflict('draft_is_leaving') once it left.

    What is None stays as it was. A keeping that a later one of the same page, or its Send, overtook changes nothing.
    """
    hold_draft(session, draft)
    if keeping is not None and is_overtaken(draft, keeping):
        return draft
    if draft.state not in ("open", "waiting"):
        raise Conflict("draft_is_leaving", state=draft.state)
    if len(text) > MOST_CHARACTERS:
        raise Invalid("draft_too_long", max=MOST_CHARACTERS)
    if mode is not None and mode not in MODES:
        raise Invalid("mode_unknown", mode=mode)
    draft.text = clean(text)
    draft.mode = mode or draft.mode
    draft.parent_message_id = parent_message_id or draft.parent_message_id
    draft.seen_seq = draft.seen_seq if seen_seq is None else seen_seq
    draft.also_answers = dict(draft.also_answers if also_answers is None else also_answers)
    draft.is_finishing = draft.is_finishing if is_finishing is None else is_finishing
    if keeping is not None:
        draft.kept_page, draft.kept_number = keeping.page, keeping.number
    draft.updated_at = clock.now()
    session.flush()
    return draft


def discard_draft(session: Session, draft: Draft) -> None:
    """Give a draft up; raises Conflict('draft_is_leaving') once it left."""
    hold_draft(session, draft)
    if draft.state not in ("open", "waiting"):
        raise Conflict("draft_is_leaving", state=draft.state)
    draft.state = "discarded"
    draft.text = ""
    draft.send_after_delivery_id = None
    draft.updated_at = clock.now()
    session.flush()


def keep_back(session: Session, draft: Draft) -> None:
    """Let a draft no longer wait for another's reply, as its writer asks; raises Conflict once it left."""
    hold_draft(session, draft)
    if draft.state not in ("open", "waiting"):
        raise Conflict("draft_is_leaving", state=draft.state)
    if draft.state == "waiting":
        stop_waiting(session, draft)


def stop_waiting(session: Session, draft: Draft, code: str | None = None, detail: str | None = None) -> None:
    """Open a draft again, held by the caller, that waited for another's reply; `code` says why it came back."""
    draft.state = "open"
    draft.send_after_delivery_id = None
    draft.returned_code, draft.returned_detail = code, detail
    draft.updated_at = clock.now()
    session.flush()


def lock_draft(session: Session, reply_key: str) -> Draft | None:
    """Return the draft of this key as it is now, held until the transaction ends."""
    query = select(Draft).where(Draft.reply_key == reply_key).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def hold_draft(session: Session, draft: Draft) -> None:
    """Read a draft as it is now and hold it: Send, a sweep or another tab may be at it this moment."""
    session.flush()
    session.refresh(draft, with_for_update=True)


def is_overtaken(draft: Draft, keeping: Keeping) -> bool:
    """Tell whether the same page has kept this draft later already."""
    return draft.kept_page == keeping.page and (draft.kept_number or 0) > keeping.number


def new_key() -> str:
    """Return a fresh reply key."""
    return str(uuid4())


def clean(text: str) -> str:
    """Return what a browser sent as it is kept: one kind of line end, no NUL, no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
