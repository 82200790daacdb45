"""RULES D5 with real threads on real databases: one key, one reply; one reply on its way."""

import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, Message
from inbox.database import db
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.queue import Queued, Result, Wanted, queue_reply
from inbox.settings import Pace
from tests.factories.basics import make_responder
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import make_draft, make_scene


class TestRaces:
    """Real threads on real databases."""

    def run(self, count: int, work: Callable[[int], None]) -> None:
        start = threading.Barrier(count)

        def one(number: int) -> None:
            start.wait()
            work(number)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive()

    def test_fifty_posts_at_once_with_one_key_make_one_delivery(self, app: Flask, session: Session) -> None:
        scene = make_scene(session)
        draft = make_draft(session, scene)
        wanted = Wanted(draft.reply_key, "We open at nine.", draft.seen_seq)
        (member_id, conversation_id), engine = scene.ids, db.engine
        session.commit()
        results: list[tuple[int, bool]] = []
        errors: list[BaseException] = []

        def work(_number: int) -> None:
            try:
                with Session(engine) as mine, mine.begin():
                    member = mine.get_one(Member, member_id)
                    conversation = mine.get_one(Conversation, conversation_id)
                    connection = FakeConnection(FakePlatform())
                    result = queue_reply(mine, member, conversation, wanted, connection=connection, pace=Pace())
                    assert isinstance(result, Queued)
                    results.append((result.delivery.id, result.is_new))
            except BaseException as error:
                errors.append(error)

        self.run(50, work)
        assert errors == []
        assert len({delivery_id for delivery_id, _ in results}) == 1
        assert sorted(is_new for _, is_new in results) == [False] * 49 + [True]
        assert session.scalar(select(func.count(Delivery.id))) == 1
        assert session.scalar(select(func.count(Message.id)).where(Message.direction == "outbound")) == 1

    def test_two_writers_at_once_100_times_one_is_queued_and_one_is_told(self, app: Flask, session: Session) -> None:
        engine = db.engine
        for _ in range(100):
            scene = make_scene(session)
            writers = [scene.member, make_responder(session, scene.channel)]
            keys = [(one.id, make_draft(session, scene, member=one).reply_key) for one in writers]
            conversation_id = scene.conversation.id
            session.commit()
            results: list[Result] = []
            errors: list[BaseException] = []

            def work(
                number: int,
                keys: list[tuple[int, str]] = keys,
                conversation_id: int = conversation_id,
                results: list[Result] = results,
                errors: list[BaseException] = errors,
            ) -> None:
                member_id, key = keys[number]
                try:
                    with Session(engine) as mine, mine.begin():
                        member = mine.get_one(Member, member_id)
                        conversation = mine.get_one(Conversation, conversation_id)
                        connection = FakeConnection(FakePlatform())
                        wanted = Wanted(key, "We open at nine.", 1)
                        results.append(
                            queue_reply(mine, member, conversation, wanted, connection=connection, pace=Pace())
                        )
                except BaseException as error:
                    errors.append(error)

            self.run(2, work)
            assert errors == []
            assert sorted(type(one).__name__ for one in results) == ["Blocked", "Queued"]
            count = select(func.count(Delivery.id)).where(Delivery.conversation_id == conversation_id)
            assert session.scalar(count) == 1
            session.commit()
