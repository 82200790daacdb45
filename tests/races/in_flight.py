"""What comes to a reply on its way: a poll, one more question, whatever happens while the platform has it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Conversation, Message
from inbox.platforms import items
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.settings import Pace
from tests.factories.fake_platform import FakePlatform
from tests.factories.items import take_in, us
from tests.factories.replies import Scene
from tests.fixtures.replies import Bench

PACE = Pace()
Work = Callable[[Session], object]


def polls(scene: Scene, *shown: items.Message) -> Work:
    """Return the work of a poll that brings these items, as intake receives them."""
    channel_id = scene.channel.id

    def work(session: Session) -> object:
        channel = session.get_one(Channel, channel_id)
        return take_in(session, channel, *shown, pace=PACE)

    return work


def shown_by(scene: Scene, sent: Sent, text: str | None = None) -> items.Message:
    """Return a message by us as a poll shows it."""
    item = FakePlatform().polled(sent)
    return replace(item, author=us(scene.channel), text=item.text if text is None else text)


def natively(scene: Scene, text: str = "Somebody answered there.") -> items.Message:
    """Return an answer to the scene's message that somebody gave on the platform just now."""
    return shown_by(scene, Sent("native-1", clock.now(), parent_id=scene.message.external_id, text=text))


def own_rows(bench: Bench) -> list[Message]:
    bench.session.commit()
    query = select(Message).where(Message.direction == "outbound").order_by(Message.id)
    return list(bench.session.scalars(query.execution_options(populate_existing=True)))


def during_send(bench: Bench, act: Callable[[], object]) -> None:
    """Let something happen after the platform accepted and before its 200 is settled."""

    def step(platform: FakePlatform, outgoing: Outgoing) -> Sent:
        sent = platform.accept(outgoing)
        act()
        return sent

    bench.platform.steps = [step]


def items_author(bench: Bench, scene: Scene) -> items.Author:
    """Return the scene's person as a platform names them."""
    bench.session.refresh(scene.contact)
    return items.Author(scene.contact.external_id, handle=scene.contact.handle)


def more(scene: Scene, fan: items.Author, at: datetime) -> items.Message:
    """Return one more question of the same person under their first."""
    return items.Message(
        external_id="more-1",
        author=fan,
        kind="comment",
        audience="public",
        text="And on Sundays?",
        parent_id=scene.message.external_id,
        authored_at=at,
    )


def check_only_the_newer_waits(bench: Bench, scene: Scene, since: datetime | None = None) -> None:
    bench.session.commit()
    query = select(Message.external_id).where(Message.awaits)
    assert bench.session.scalars(query).all() == ["more-1"]
    found = bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True)
    assert found.status == "open"
    newer = bench.session.scalars(select(Message).where(Message.awaits)).one()
    assert found.waiting_since == newer.clock_at
    assert since is None or newer.clock_at == since
    assert list_wrong_waiting(bench.session) == []
