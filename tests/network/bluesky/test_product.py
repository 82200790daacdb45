"""Relevo on the real network, on both databases: it polls, walks deep, answers, and loses and doubles nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import ChannelState, ChannelStream
from inbox.channels.verify import verify_channel
from inbox.conversations.doctor import WrongWaiting, list_wrong_waiting
from inbox.conversations.models import Message, MessageVersion
from inbox.intake.models import Quarantined
from tests.network.bluesky.network import Network
from tests.network.bluesky.people import Ref, Somebody, eventually, expired
from tests.network.bluesky.product import OnNetwork, connect_shop


@pytest.fixture
def owner(network: Network) -> Somebody:
    return Somebody(network, "shop")


@pytest.fixture
def product(network: Network, owner: Somebody, app: Flask, session: Session) -> OnNetwork:
    return connect_shop(network, owner, app, session)


def fans_of(product: OnNetwork, count: int = 3) -> list[Somebody]:
    return [Somebody(product.network) for _ in range(count)]


def wrong_waiting(product: OnNetwork) -> list[WrongWaiting]:
    with product.make_session() as session:
        return list_wrong_waiting(session)


def lose_a_worker(product: OnNetwork) -> None:
    """Let a worker claim what is due and never be heard of again; its lease is over at once."""
    ids = [claim.stream_id for claim in product.claims()]
    with product.make_session() as session, session.begin():
        for stream_id in ids:
            session.get_one(ChannelStream, stream_id).lease_until_at = datetime.now(UTC) - timedelta(seconds=1)


def our_replies(product: OnNetwork) -> list[str]:
    return [record["uri"] for record in product.owner.records() if record["value"].get("reply") is not None]


@dataclass
class Crowd:
    """Three fans who write under two posts at once; `written` has the at-uris of all that they wrote."""

    owner: Somebody
    fans: list[Somebody]
    posts: list[Ref]
    written: list[str] = field(default_factory=list)
    is_done: threading.Event = field(default_factory=threading.Event)

    def write(self, count: int) -> threading.Thread:
        """Begin to write, three at a time."""

        def all_of_them() -> None:
            with ThreadPoolExecutor(3) as threads:
                list(threads.map(self._write_one, range(count)))
            self.is_done.set()

        thread = threading.Thread(target=all_of_them)
        thread.start()
        return thread

    def _write_one(self, number: int) -> None:
        fan, post = self.fans[number % 3], self.posts[number % 2]
        first = fan.reply(post, f"Reply {number}: ¿cuándo llega mi paquete?")
        made = [first]
        if number % 3 == 0:  # before its parent is indexed
            made.append(self.fans[(number + 1) % 3].reply(first, f"Same here {number}", root=post))
        if number % 4 == 0:
            made.append(fan.mention(self.owner, f"{number} 👋🏽 ", " are you open?"))
        if number % 5 == 0:
            made.append(fan.quote(post, f"Look at this {number}, is it true?"))
        if number % 6 == 0:
            late = datetime.now(UTC) - timedelta(days=1, minutes=number)
            made.append(fan.reply(post, f"Back-dated {number}?", created_at=late))
        self.written += [one["uri"] for one in made]


def test_nothing_is_missing_and_nothing_double(product: OnNetwork) -> None:
    """Fans write at once, in every way, while Relevo polls, loses workers, and walks deep."""
    owner, fans = product.owner, fans_of(product)
    posts = [owner.post(f"Post {n}") for n in range(2)]
    eventually(lambda: all(owner.sees(post["uri"]) for post in posts), "the posts are indexed")
    product.poll()
    crowd = Crowd(owner, fans, posts)
    writing = crowd.write(60)
    while not crowd.is_done.is_set():
        product.poll()
        lose_a_worker(product)
    writing.join()
    days_ago = datetime.now(UTC) - timedelta(days=3)
    late = fans[0].mention(owner, "Back-dated ", ", hello?", created_at=days_ago)["uri"]
    product.poll_until(set(crowd.written))
    product.until(lambda: late in product.received(), "the deep walk finds the mention", is_deep=True)
    assert set(product.received()) == {*crowd.written, late}
    assert len(product.rows(select(Message))) == len(crowd.written) + 1 > 100
    assert product.rows(select(Quarantined)) == []
    assert product.rows(select(MessageVersion)) == []
    assert wrong_waiting(product) == []
    check_places_and_clocks(product.received())


def check_places_and_clocks(received: dict[str, Message]) -> None:
    """Answers lie in the thread of what they answer, and who back-dates does not wait since then."""
    for message in received.values():
        if message.text.startswith("Same here"):
            assert message.thread_id == received[message.parent_external_id or ""].thread_id
        if message.text.startswith("Back-dated"):
            assert datetime.now(UTC) - message.clock_at < timedelta(hours=1)


def test_a_reply_reaches_its_fan_once_though_the_answer_was_lost(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    post = product.owner.post("Ask us anything")
    asked = fan.reply(post, "¿Abren el domingo?")
    product.poll_until({asked["uri"]})
    assert product.conversation_of(asked["uri"]).waiting_since is not None
    product.change_secret(service_url=product.network.doorway.url)
    product.network.doorway.hang_up_after(b"putRecord")
    delivery = product.answer(asked["uri"], f"Sí, @{fan.handle}: https://shop.example/horario")
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    assert product.conversation_of(asked["uri"]).waiting_since is not None
    product.until(lambda: product.state_of(delivery) == "sent", "the look finds the reply")
    (uri,) = our_replies(product)
    assert product.conversation_of(asked["uri"]).waiting_since is None
    eventually(lambda: product.owner.sees(uri), "the reply is indexed")
    product.poll()
    product.poll(is_deep=True)
    assert [message.external_id for message in product.outbound()] == [uri]
    seen = eventually(
        lambda: fan.call("app.bsky.feed.getPostThread", uri=asked["uri"])["thread"].get("replies"),
        "the fan sees the answer",
    )
    assert [reply["post"]["uri"] for reply in seen] == [uri]


def test_a_worker_that_died_after_the_request_sends_nothing_again(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    asked = fan.reply(product.owner.post("Ask us anything"), "Is it dishwasher safe?")
    product.poll_until({asked["uri"]})
    product.change_secret(service_url=product.network.doorway.url)
    product.network.doorway.hang_up_after(b"putRecord")
    delivery = product.answer(asked["uri"], "It is.")
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    for _ in range(3):  # whatever workers do now, in any order
        product.send_all()
        product.poll()
    product.until(lambda: product.state_of(delivery) == "sent", "the reply is settled")
    assert len(our_replies(product)) == 1
    assert len(product.outbound()) == 1


def test_a_native_answer_takes_its_conversation_off_the_list(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    post = product.owner.post("Ask us anything")
    asked = fan.reply(post, "When do you open?")
    product.poll_until({asked["uri"]})
    assert product.conversation_of(asked["uri"]).waiting_since is not None
    native = product.owner.reply(asked, "At nine, said in the app.", root=post)
    product.until(lambda: product.conversation_of(asked["uri"]).waiting_since is None, "nobody waits any more")
    (ours,) = product.outbound()
    assert (ours.external_id, ours.is_native) == (native["uri"], True)
    assert product.received()[asked["uri"]].settled == "answered"


def test_edits_keep_versions_and_deletions_leave_tombstones(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    post = product.owner.post("Ask us anything")
    edited, deleted, kept = (fan.reply(post, text) for text in ("When do yuo open?", "Forget this?", "And now?"))
    product.poll_until({edited["uri"], deleted["uri"], kept["uri"]})
    fan.edit(edited, "When do you open?")
    fan.delete(deleted)

    def settled() -> bool:
        product.poll()
        product.recheck_all()
        found = product.received()
        return found[deleted["uri"]].gone_at is not None and found[edited["uri"]].text == "When do you open?"

    eventually(settled, "the edit and the deletion are known")
    found = product.received()
    assert product.versions_of(edited["uri"]) == ["When do yuo open?"]
    assert (found[deleted["uri"]].settled, found[deleted["uri"]].gone_reason) == ("withdrawn", "author")
    assert (found[kept["uri"]].gone_at, found[kept["uri"]].awaits) == (None, True)
    assert wrong_waiting(product) == []


def test_the_appview_goes_away_and_comes_back(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    post = product.owner.post("Ask us anything")
    asked = fan.reply(post, "Before?")
    product.poll_until({asked["uri"]})
    product.network.appview.is_away = True
    product.network.appview.drop_connections()
    try:
        product.poll()
        assert product.streams()["mentions"].failure_code == "server_error"
        assert product.channel.failing_since_at is not None
        assert product.received()[asked["uri"]].gone_at is None
        during = fan.reply(post, "During?")
        delivery = product.answer(asked["uri"], "We answer all the same.")
        product.send_all()
        assert product.state_of(delivery) == "sent"
    finally:
        product.network.appview.is_away = False
    product.poll_until({during["uri"]})
    product.until(lambda: product.channel.failing_since_at is None, "the channel delivers again")
    assert product.streams()["mentions"].failure_code is None
    assert len(our_replies(product)) == 1


def test_an_expired_token_is_refreshed_once_and_kept(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    before = product.secret()
    stale = expired(before["accessJwt"])
    product.change_secret(accessJwt=stale)
    asked = fan.reply(product.owner.post("Ask us anything"), "Hello?")
    product.poll_until({asked["uri"]})
    after = product.secret()
    assert after["accessJwt"] != stale
    assert after["refreshJwt"] != before["refreshJwt"]
    assert product.channel.state == ChannelState.ACTIVE
    product.change_secret(accessJwt=expired(after["accessJwt"]))
    delivery = product.answer(asked["uri"], "Here we are.")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert len(our_replies(product)) == 1


def test_a_deactivated_account_is_noticed_and_needs_a_person(product: OnNetwork) -> None:
    (fan,) = fans_of(product, 1)
    asked = fan.reply(product.owner.post("Ask us anything"), "Hello?")
    product.poll_until({asked["uri"]})
    product.owner.call("com.atproto.server.deactivateAccount", {})
    product.poll()  # 200, and an empty list

    def noticed() -> bool:
        reader = product.reader
        verify_channel(reader.make_session, reader.open_connection, product.channel_id, reader.pace)
        return product.channel.state == ChannelState.NEEDS_YOU

    eventually(noticed, "verify notices")
    assert product.channel.state_reason == "account_deactivated"
    assert product.received()[asked["uri"]].gone_at is None
    product.owner.act("com.atproto.server.activateAccount")

    def back() -> bool:
        noticed()
        return product.channel.state == ChannelState.ACTIVE

    eventually(back, "the channel is active again")


def test_private_messages_are_off_with_their_reason(product: OnNetwork) -> None:
    direct = product.streams()["direct"]
    assert (direct.is_off, direct.off_reason, direct.due_at) == (True, "direct_not_offered", None)
    product.poll()
    assert product.channel.state == ChannelState.ACTIVE
