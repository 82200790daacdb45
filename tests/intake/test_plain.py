"""Messages that are written together end as the same rows as messages that take effect one by one."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Conversation, ConversationLabel, Label, Message, Status
from inbox.intake import landing, plain
from inbox.platforms import items
from inbox.platforms.items import Picture
from tests.factories.basics import make_channel
from tests.factories.items import direct, make_stream, message, take_in, us
from tests.fixtures.app import MovingClock

_TEXTS = ("¿Abren hoy?", "gracias!", "❤️❤️", "qué bonito", "@acme.test", "pedido 123456", "", "No funciona", "Ok, mañana")
_PEOPLE = ("lucia", "omar", "ines", "juan")
_CONVERSATION = (
    "status", "waiting_since", "queue_at", "last_message_at", "last_inbound_seq", "last_seq", "is_no_answer_needed",
    "kind", "is_private",
)  # fmt: skip
_MESSAGE = (
    "seq", "awaits", "awaits_reason", "settled", "clock_at", "direction", "is_history",
    "parent_external_id", "text", "is_sticker", "mentions_us",
)  # fmt: skip


def make_page(channel: Channel, dice: random.Random, number: int, names: list[str]) -> list[items.Message]:
    """Return a page of fans (and sometimes us) who talk to each other, to us, or past each other."""
    page = []
    for at in range(dice.randrange(1, 14)):
        name = f"m{number}-{at}"
        later = [f"m{number}-{at + 1}", f"m{number + 1}-0", "never"]
        parent = dice.choice([None, None, *names[-6:], *later])
        by: Any = us(channel) if dice.random() < 0.12 else dice.choice(_PEOPLE)
        values: dict[str, Any] = {
            "text": dice.choice(_TEXTS),
            "parent_id": parent,
            "parent_author_id": dice.choice([None, "id-lucia"]) if parent == "never" else None,
            "mentions_us": dice.random() < 0.2,
            "authored_at": clock.now() - timedelta(minutes=dice.randrange(0, 3000)),
            "pictures": [Picture("https://pictures.example/1.png")] if dice.random() < 0.2 else [],
            "is_sticker": dice.random() < 0.1,
        }
        if dice.random() < 0.2:
            page.append(direct(name, by=by, **values | {"parent_id": None, "thread_key": dice.choice(["x1", "x2"])}))
        else:
            page.append(message(name, by=by, **values))
        names.append(name)
    return page


def rows_of(session: Session, channel: Channel) -> list[Any]:
    """Return every row of the channel, named by what it holds and not by id."""
    session.flush()
    session.expire_all()
    messages = session.scalars(
        select(Message).where(Message.channel_id == channel.id).order_by(Message.external_id)
    ).all()
    names = {row.id: row.external_id for row in messages}
    found: list[Any] = []
    for row in messages:
        together = sorted(other.external_id or "" for other in messages if other.conversation_id == row.conversation_id)
        values = [getattr(row, name) for name in _MESSAGE] + [row.awaits and row.recheck_due_at]
        found.append(
            (row.external_id, together, row.thread.last_seq, names.get(row.answered_by_message_id or 0), values)
        )
    mine = select(Conversation).where(Conversation.channel_id == channel.id, Conversation.joined_into_id.is_(None))
    for one in session.scalars(mine):
        newest = (names.get(one.last_inbound_message_id or 0), names.get(one.last_outbound_message_id or 0))
        found.append((one.contact.handle, newest, str([getattr(one, name) for name in _CONVERSATION])))
    told = session.execute(select(Activity.kind, Activity.message_id).where(Activity.channel_id == channel.id)).all()
    found.append(sorted((row.kind, names.get(row.message_id or 0) or "") for row in told))
    return sorted(found, key=str)


def be_done(session: Session, channel: Channel, dice: random.Random) -> None:
    """Let the team finish, snooze or mark some of the channel's conversations, by the names of their people."""
    query = select(Conversation).where(Conversation.channel_id == channel.id, Conversation.joined_into_id.is_(None))
    for one in sorted(session.scalars(query), key=lambda one: (one.contact.handle, str(one.last_message_at))):
        if dice.random() < 0.3:
            one.status = dice.choice([Status.DONE, Status.SNOOZED, Status.SPAM]).value
    session.flush()


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_end_with_the_same_rows(
    session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    one_by_one = make_channel(session, platform="sandbox_pages", external_id="brand", handle="acme.test")
    together = make_channel(session, platform="sandbox_feed", external_id="brand", handle="acme.test")
    for channel in (one_by_one, together):
        channel.import_since_at = clock.now() - timedelta(hours=24)
        channel.import_done_at = None if seed % 3 == 0 else clock.now()
        make_stream(session, channel)
    plain_count = 0
    find_busy = plain.find_busy_threads

    def busy(*given: Any) -> set[int]:
        nonlocal plain_count
        found = find_busy(*given)
        seats = given[3]
        if given[1].id == one_by_one.id:
            return {seat.thread.id for seat in seats.values()}
        plain_count += sum(seat.thread.id not in found for seat in seats.values())
        return found

    monkeypatch.setattr(landing, "find_busy_threads", busy)
    for number in range(3):
        for channel in (one_by_one, together):
            dice = random.Random(1000 * seed + number)
            names = [f"m{before}-{at}" for before in range(number) for at in range(3)]
            take_in(session, channel, *make_page(channel, dice, number, names))
            be_done(session, channel, dice)
        pairs = zip(rows_of(session, together), rows_of(session, one_by_one), strict=True)
        assert [pair for pair in pairs if pair[0] != pair[1]] == [], number
        moving_clock.move(minutes=7)
    assert plain_count > 0
    assert list_wrong_waiting(session) == []


def count_statements(session: Session, channel: Channel, page: Sequence[items.Message]) -> int:
    count = 0

    def listen(*_: object) -> None:
        nonlocal count
        count += 1

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", listen)
    take_in(session, channel, *page)
    event.remove(bind, "before_cursor_execute", listen)
    return count


def test_a_page_costs_the_same_number_of_statements_whatever_its_length(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    make_stream(session, channel)
    take_in(session, channel)
    counts = []
    for size in (5, 80):
        page = [message(f"{size}-{n}", by=f"fan{n}", parent_id=f"{size}-{n // 2}" if n else None) for n in range(size)]
        counts.append(count_statements(session, channel, page))
    assert counts[0] == counts[1] < 30


def test_labels_keep_the_order_of_their_conversation(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    take_in(session, channel, direct("d1", text="❤️"))
    conversation = session.scalars(select(Conversation)).one()
    label = Label(name="shop", folded_name="shop", created_at=clock.now())
    session.add(label)
    session.flush()
    row = ConversationLabel(
        conversation_id=conversation.id,
        label_id=label.id,
        status=conversation.status,
        queue_at=conversation.queue_at,
    )
    session.add(row)
    session.flush()
    moving_clock.move(60)
    take_in(session, channel, direct("d2", text="¿Y el pedido?", authored_at=clock.now()))
    session.expire_all()
    assert conversation.waiting_since == clock.now()
    assert row.queue_at == conversation.queue_at == conversation.waiting_since
