"""Likes and deleting our own: on the platform first, then here; no transaction in between."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.conversations.models import Message
from inbox.errors import Conflict, Invalid
from inbox.platforms.contract import Refused
from inbox.platforms.outgoing import Limits, ModeLimits
from inbox.replies import likes
from inbox.settings import Pace
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench


def test_like_is_kept_with_what_unlike_needs(session: Session, platform: FakePlatform) -> None:
    scene = make_scene(session)
    connection = FakeConnection(platform)
    target = likes.aim(session, scene.message, "can_like")
    liked = likes.write_like(connection, target)
    likes.keep_like(session, scene.message, scene.member, liked, is_excusing=False)
    assert scene.message.awaits
    assert scene.message.platform_ref == {"cid": "abc", "liked": liked}
    again = likes.aim(session, scene.message, "can_like")
    likes.write_unlike(connection, again)
    likes.drop_like(session, scene.message, scene.member)
    assert "liked" not in scene.message.platform_ref
    key = f"like:{scene.message.id}"
    assert platform.calls == [f"like {scene.message.external_id} {key}", f"unlike {scene.message.external_id} {key}"]
    kinds = session.scalars(select(Activity.kind).order_by(Activity.id)).all()
    assert kinds == ["message_liked", "message_unliked"]


def test_like_and_excuse_in_one(session: Session) -> None:
    scene = make_scene(session)
    likes.keep_like(session, scene.message, scene.member, {"id": "1"}, is_excusing=True)
    session.refresh(scene.message)
    assert (scene.message.awaits, scene.message.settled, scene.message.excused_why) == (False, "excused", "liked")


def test_where_the_platform_has_no_likes(session: Session) -> None:
    scene = make_scene(session, limits=Limits(public=ModeLimits(300), private=ModeLimits(300)))
    with pytest.raises(Invalid, match="not_possible_here"):
        likes.aim(session, scene.message, "can_like")


def test_what_is_gone_can_not_be_liked(session: Session) -> None:
    scene = make_scene(session)
    scene.message.gone_at = clock.now()
    with pytest.raises(Conflict, match="message_gone"):
        likes.aim(session, scene.message, "can_like")


def test_nobody_elses_message_can_be_deleted(session: Session) -> None:
    with pytest.raises(Invalid, match="not_possible_here"):
        likes.aim(session, make_scene(session).message, "can_delete_own")


def test_a_refusal_is_told_with_the_platforms_words(session: Session, platform: FakePlatform) -> None:
    class Refusing(FakeConnection):
        def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
            raise Refused("blocked by author", code="blocked")

    target = likes.aim(session, make_scene(session).message, "can_like")
    with pytest.raises(Conflict, match="blocked") as caught:
        likes.write_like(Refusing(platform), target)
    assert caught.value.details["detail"] == "blocked by author"


def test_what_is_not_shown_yet_is_not_called_deleted(bench: Bench) -> None:
    bench.queue(make_scene(bench.session))
    bench.send()
    bench.platform.hides_new = True
    reply = bench.session.scalars(select(Message).where(Message.direction == "outbound")).one()
    target = likes.aim(bench.session, reply, "can_delete_own")
    with pytest.raises(Conflict, match="not_shown_yet"):
        likes.write_delete(FakeConnection(bench.platform), target, Pace())
    bench.clock.move(60)
    likes.write_delete(FakeConnection(bench.platform), target, Pace())


def test_deleting_our_reply_lets_the_person_wait_again(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    assert bench.state(delivery) == "sent"
    reply = bench.message(delivery)
    target = likes.aim(bench.session, reply, "can_delete_own")
    likes.write_delete(FakeConnection(bench.platform), target, Pace())
    likes.keep_deleted(bench.session, reply, pace=Pace())
    assert bench.platform.ledger == {}
    assert bench.state(delivery) == "gone"
    assert bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits
