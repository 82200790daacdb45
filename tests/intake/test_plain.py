"""Messages that are written together end as the same rows as messages that take effect one by one."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations import clocking
from inbox.conversations.doctor import list_wrong_timers, list_wrong_waiting
from inbox.conversations.models import Conversation, ConversationLabel, Label, Message, Status
from inbox.conversations.overdue import sweep_due
from inbox.conversations.settle import answer
from inbox.conversations.threads import lock_conversation
from inbox.intake import landing, plain
from inbox.live import announce
from inbox.members.models import Member, Team
from inbox.platforms import items
from inbox.platforms.items import Picture
from inbox.replies.vanish import vanished
from inbox.settings import Pace
from inbox.sla.models import Timer
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.conversations import answer_there, write_ours
from tests.factories.items import direct, make_stream, message, take_in, us
from tests.factories.sla import make_policy
from tests.fixtures.app import MovingClock

_TEXTS = ("¿Abren hoy?", "gracias!", "❤️❤️", "qué bonito", "@acme.test", "pedido 123456", "", "No funciona", "Ok, mañana")
_PEOPLE = ("lucia", "omar", "ines", "juan")
_CONVERSATION = (
    "status", "waiting_since", "queue_at", "last_message_at", "last_inbound_seq", "last_seq", "is_no_answer_needed",
    "due_at", "kind", "is_private", "assignee_id", "last_assignee_id", "team_id", "snoozed_until_at",
)  # fmt: skip
_TIMER = (
    "number", "policy_version_id", "since_at", "started_at", "opened_at", "due_at", "next_at", "pauses", "is_paused",
    "is_late_arrival", "is_imported", "breached_at", "told_at", "breach_assignee_id", "ended_at", "closed_at",
    "covers_until_at", "outcome", "met_by_member_id", "response_seconds", "is_private", "kind", "team_id",
    "assignee_id", "priority", "label_ids",
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
            "authored_at": clock.now() - timedelta(minutes=dice.choice([0, 1, 2, dice.randrange(0, 3000)])),
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
    for timer in session.scalars(select(Timer).where(Timer.channel_id == channel.id)):
        met_by = names.get(timer.met_by_message_id or 0)
        whose = session.get_one(Conversation, timer.conversation_id).contact.handle
        found.append((whose, met_by, str([getattr(timer, name) for name in _TIMER])))
    told = session.scalars(select(Activity).where(Activity.channel_id == channel.id)).all()
    for act in told:
        after = {name: value for name, value in (act.after or {}).items() if name != "timer_id"}
        said = str((act.before, after)) if act.kind != kinds.THREADS_JOINED else ""  # that names ids
        found.append((act.kind, names.get(act.message_id or 0) or "", said))
    return sorted(found, key=str)


def make_holders(session: Session, channels: Sequence[Channel]) -> list[Member | None]:
    """Return who may hold a conversation: nobody, one who is there, one who is not."""
    team = make_team(session)
    there, away = make_member(session, last_active_at=clock.now() + timedelta(days=1)), make_member(session)
    for member in (there, away):
        join_team(session, member, team)
    for channel in channels:
        make_grant(session, team, channel)
    return [None, there, away]


def be_done(session: Session, channel: Channel, dice: random.Random, holders: Sequence[Member | None]) -> None:
    """Let the team finish, snooze or mark some of the channel's conversations, by their newest message."""
    query = select(Conversation).where(Conversation.channel_id == channel.id, Conversation.joined_into_id.is_(None))
    names = {row.id: row.external_id for row in session.execute(select(Message.id, Message.external_id))}
    for one in sorted(session.scalars(query), key=lambda one: names.get(one.last_inbound_message_id or 0) or ""):
        if dice.random() < 0.4:
            one.status = dice.choice([Status.DONE, Status.DONE, Status.SNOOZED, Status.SPAM]).value
            one.snoozed_until_at = clock.now() + timedelta(days=1) if one.status == Status.SNOOZED else None
            holder = dice.choice(holders)
            one.assignee_id = holder.id if holder else None
            clocking.follow(session, one)
    session.flush()


def answer_and_lose(session: Session, channel: Channel, dice: random.Random, number: int) -> None:
    """Let the team answer some of the channel's conversations, and the platform lose some of our answers."""
    query = select(Conversation).where(Conversation.channel_id == channel.id, Conversation.joined_into_id.is_(None))
    names = {row.id: row.external_id for row in session.execute(select(Message.id, Message.external_id))}
    found = sorted(session.scalars(query), key=lambda one: names.get(one.last_inbound_message_id or 0) or "")
    for place, one in enumerate(found):
        if dice.random() < 0.2:
            at = clock.now() - timedelta(minutes=dice.choice([0, 0, 1, 5, 2000]))
            name = f"answer{number}-{place}"
            reply = write_ours(session, one.thread, at=at, external_id=name, conversation_id=one.id)
            answer(session, reply, lock_conversation(session, one.id), max(0, one.last_seq - dice.choice([0, 0, 1])))
    ours = (Message.channel_id == channel.id, Message.direction == "outbound", Message.gone_at.is_(None))
    for reply in session.scalars(select(Message).where(*ours).order_by(Message.external_id)).all():
        if dice.random() < 0.2:
            vanished(session, reply, pace=Pace())
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
    holders = make_holders(session, (one_by_one, together))
    teams = session.scalars(select(Team.id)).all()
    make_policy(session, 7200, name="Team", team_ids=list(teams))
    make_policy(session, warnings=[{"before_seconds": 7200}, {"percent": 50}], is_paused_by_snooze=seed % 2 == 0)
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
    for number in range(5):
        for channel in (one_by_one, together):
            dice = random.Random(1000 * seed + number)
            names = [f"m{before}-{at}" for before in range(number) for at in range(3)]
            take_in(session, channel, *make_page(channel, dice, number, names))
            be_done(session, channel, dice, holders)
            answer_and_lose(session, channel, dice, number)
        pairs = zip(rows_of(session, together), rows_of(session, one_by_one), strict=True)
        assert [pair for pair in pairs if pair[0] != pair[1]] == [], number
        moving_clock.move(minutes=7)
    assert plain_count > 0
    assert list_wrong_waiting(session) == []
    while sweep_due(session, Pace()):
        session.flush()
    assert list_wrong_timers(session) == []


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
    assert counts[0] == counts[1] <= 19


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
        channel_id=channel.id,
        is_private=conversation.is_private,
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


def test_what_comes_after_our_answer_is_judged_and_opens_again_with_the_others(
    session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    _, there, away = make_holders(session, [channel])
    assert there is not None
    assert away is not None
    names = ("lucia", "omar", "ines", "juan")
    take_in(session, channel, *(message(f"m-{name}", by=name) for name in names))
    moving_clock.move(60)
    answers = [message(f"a-{name}", by=us(channel), parent_id=f"m-{name}", authored_at=clock.now()) for name in names]
    take_in(session, channel, *answers)
    found = {one.contact.handle.partition(".")[0]: one for one in session.scalars(select(Conversation))}
    for name, holder in zip(names, (None, there, away, away), strict=True):
        found[name].status, found[name].assignee_id = Status.DONE.value, holder.id if holder else None
    session.commit()
    monkeypatch.setattr(landing.Landing, "_take_effect", lambda _self, ids: pytest.fail("one by one") if ids else None)
    moving_clock.move(60)
    texts = dict(zip(names, ("¿Y mañana?", "¿Seguro?", "No funciona", "gracias!"), strict=True))
    later = [
        message(f"b-{name}", by=name, parent_id=f"a-{name}", text=text, authored_at=clock.now())
        for name, text in texts.items()
    ]
    take_in(session, channel, *later)
    session.expire_all()
    shown = {name: (one.status, one.assignee_id, one.is_no_answer_needed) for name, one in found.items()}
    assert shown == {
        "lucia": ("open", None, False),
        "omar": ("open", there.id, False),
        "ines": ("open", None, False),
        "juan": ("done", away.id, True),
    }
    assert (found["ines"].last_assignee_id, found["ines"].team_id is None) == (away.id, False)
    opened = select(Activity.conversation_id).where(Activity.kind == kinds.REOPENED)
    assert set(session.scalars(opened)) == {found[name].id for name in ("lucia", "omar", "ines")}
    assert list_wrong_waiting(session) == []


def test_what_was_written_before_our_answer_and_came_after_it_needs_no_view_of_its_own(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    take_in(session, channel, direct("d1", text="¿Abren hoy?", authored_at=clock.now()))
    conversation = session.scalars(select(Conversation)).one()
    reply = write_ours(session, conversation.thread, at=moving_clock.move(120))
    answer(session, reply, conversation, conversation.last_seq)
    take_in(session, channel, direct("d2", text="❤️", authored_at=clock.now() - timedelta(seconds=60)))
    session.expire_all()
    assert (conversation.is_no_answer_needed, conversation.last_message_at) == (False, reply.clock_at)
    take_in(session, channel, direct("d3", text="❤️", authored_at=clock.now()))
    session.expire_all()
    assert conversation.is_no_answer_needed


def test_what_was_written_before_an_answer_that_is_gone_is_the_newest_that_they_said(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    take_in(session, channel, direct("d1", text="¿Abren hoy?", authored_at=clock.now()))
    conversation = session.scalars(select(Conversation)).one()
    began_at = clock.now()
    reply = answer_there(session, conversation.thread, at=moving_clock.move(120), external_id="a1")
    reply.gone_at = clock.now()
    assert vanished(session, reply, pace=Pace())
    assert (conversation.waiting_since, conversation.last_outbound_message_id) == (began_at, None)
    take_in(session, channel, direct("d2", text="¿Y mañana?", authored_at=clock.now() - timedelta(seconds=60)))
    session.expire_all()
    newest = session.get_one(Message, conversation.last_inbound_message_id)
    assert newest.external_id == "d2"
    assert (conversation.waiting_since, conversation.last_message_at) == (began_at, reply.clock_at)


def test_open_pages_are_told_at_once_of_what_came_in_together(
    session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    session.commit()
    heard: list[str] = []

    class Redis:
        def publish(self, channel: str, _word: bytes) -> None:
            heard.append(channel)

    monkeypatch.setattr(announce, "_client", Redis())
    take_in(session, channel, message("m1"))
    session.rollback()
    session.commit()
    assert heard == []
    take_in(session, channel, message("m1"))
    session.commit()
    take_in(session, channel, message("m1"))
    session.commit()
    assert heard == [announce.CHANNEL]


def test_spam_stays_spam_and_in_no_other_view(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    take_in(session, channel, direct("d1", text="❤️"))
    conversation = session.scalars(select(Conversation)).one()
    conversation.status, conversation.is_no_answer_needed = Status.SPAM.value, False
    session.flush()
    moving_clock.move(60)
    take_in(session, channel, direct("d2", text="❤️"))
    session.expire_all()
    assert (conversation.status, conversation.is_no_answer_needed, conversation.last_seq) == ("spam", False, 2)
