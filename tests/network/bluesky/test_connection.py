"""The connector on the real network: nothing missing, nothing double, whatever goes wrong in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inbox.platforms.contract import Gone, PlatformError, TokenExpired, Unavailable, Unclear
from inbox.platforms.items import Edited, IsGone, Message, NotVisible, PostSeen, Present
from inbox.platforms.outgoing import Absent, Found, Ok, ParentGone, Sent
from tests.network.bluesky.conftest import Shop
from tests.network.bluesky.people import eventually, expired
from tests.platforms.bluesky.desk import Desk


def poll_until(desk: Desk, wanted: set[str], stream: str = "mentions") -> dict[str, Message]:
    """Poll as the product does until everything wanted was read."""
    found: dict[str, Message] = {}

    def poll() -> bool:
        found.update(desk.messages(stream))
        return wanted <= found.keys()

    eventually(poll, f"{len(wanted)} messages in {stream}")
    return found


def is_indexed(desk: Desk, sent: Sent) -> bool:
    """Tell whether the AppView knows a post of ours already."""
    try:
        desk.connection.context(sent.external_id, sent.ref)
    except Gone:
        return False
    return True


def test_replies_mentions_and_quotes_arrive_once_and_whole(shop: Shop) -> None:
    fans = [shop.fan() for _ in range(3)]
    wanted: dict[str, str] = {}

    def chat(number: int) -> None:
        fan = fans[number % 3]
        wanted[fan.reply(shop.post, f"Reply {number}: ¿cuándo llega? 😀")["uri"]] = "comment"
        if number % 4 == 0:
            wanted[fan.mention(shop.owner, f"{number} 👋🏽 hola ", ", ¿abren?")["uri"]] = "mention"
            wanted[fan.quote(shop.post, f"Look at this {number}")["uri"]] = "mention"

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(chat, range(24)))
    found = poll_until(shop.desk, set(wanted))
    assert {uri: message.kind for uri, message in found.items()} == wanted
    for message in found.values():
        assert message.author.handle.endswith(".test")
        for mark in message.marks:
            assert message.text[mark.start : mark.end] == f"@{shop.owner.handle}"
        assert message.mentions_us == ("👋🏽" in message.text)
    small = shop.open(page_size=5)
    assert small.messages("mentions").keys() == found.keys()


def test_a_nested_reply_knows_its_parent(shop: Shop) -> None:
    fan, other = shop.fan(), shop.fan()
    first = fan.reply(shop.post, "When do you open?")
    eventually(lambda: fan.sees(first["uri"]), "the reply is indexed")
    second = other.reply(first, "I want to know too", root=shop.post)
    nested = poll_until(shop.desk, {first["uri"], second["uri"]})[second["uri"]]
    assert (nested.parent_id, nested.post_id, nested.parent_author_id) == (first["uri"], shop.post["uri"], fan.did)


def test_twelve_replies_of_one_millisecond_on_pages_of_five(shop: Shop) -> None:
    fan = shop.fan()
    at = datetime.now(UTC) - timedelta(minutes=1)
    ties = {fan.reply(shop.post, f"Tie {n}", created_at=at + timedelta(milliseconds=n // 3))["uri"] for n in range(12)}
    newer = fan.reply(shop.post, "After them")["uri"]
    poll_until(shop.desk, ties | {newer})
    assert shop.open(page_size=5).messages("mentions").keys() == ties | {newer}


def test_a_back_dated_reply_is_found_by_the_tree_and_by_the_deep_walk(shop: Shop) -> None:
    fan = shop.fan()
    recent = {fan.reply(shop.post, f"Now {n}")["uri"] for n in range(6)}
    desk = shop.open(page_size=2)
    poll_until(desk, recent)
    late = fan.reply(shop.post, "Written two days ago", created_at=datetime.now(UTC) - timedelta(days=2))
    tree = f"comments:{shop.post['uri']}"
    message = poll_until(desk, recent | {late["uri"]}, tree)[late["uri"]]
    assert message.arrived_at is None
    assert late["uri"] in desk.messages("mentions", is_deep=True)


def test_a_reply_that_was_indexed_before_its_parent_is_in_the_tree(shop: Shop) -> None:
    fan = shop.fan()
    post = shop.owner.post("Ask at once!")
    early = {fan.reply(post, f"At once {n}")["uri"] for n in range(5)}
    poll_until(shop.desk, early, f"comments:{post['uri']}")


def test_edited_deleted_hidden_and_kept_are_told_apart(shop: Shop) -> None:
    fan, blocker, sleeper = shop.fan(), shop.fan(), shop.fan()
    kept, edited, deleted = (fan.reply(shop.post, text) for text in ("Kept", "Edtied", "Deleted"))
    blocked, asleep = blocker.reply(shop.post, "Blocked"), sleeper.reply(shop.post, "Asleep")
    posts = (kept, edited, deleted, blocked, asleep)
    found = poll_until(shop.desk, {post["uri"] for post in posts})
    refs = {uri: message.ref for uri, message in found.items()}
    after = fan.edit(edited, "Edited")
    fan.delete(deleted)
    block = {"$type": "app.bsky.graph.block", "subject": shop.owner.did, "createdAt": "2026-11-20T12:00:00.000Z"}
    body = {"repo": blocker.did, "collection": "app.bsky.graph.block", "record": block}
    blocker.call("com.atproto.repo.createRecord", body)
    sleeper.call("com.atproto.server.deactivateAccount", {})

    def settled() -> bool:
        looks = shop.desk.connection.recheck(refs)
        edit = looks[edited["uri"]]
        return (
            isinstance(edit, Edited)
            and (edit.message.text, edit.message.version) == ("Edited", after["cid"])
            and looks[deleted["uri"]] == IsGone()
            and isinstance(looks[blocked["uri"]], NotVisible)
            and isinstance(looks[asleep["uri"]], NotVisible)
            and looks[kept["uri"]] == Present(kept["cid"])
        )

    eventually(settled, "the looks say what happened")
    assert deleted["uri"] not in shop.desk.messages("mentions")


def test_a_reply_arrives_and_reads_back(shop: Shop) -> None:
    fan = shop.fan()
    asked = fan.reply(shop.post, "¿Abren el domingo?")
    question = poll_until(shop.desk, {asked["uri"]})[asked["uri"]]
    text = f"Sí, @{fan.handle}: https://shop.example/horario #domingo 😀"
    outgoing = shop.desk.reply_to(question, text, lang="es")
    assert shop.desk.connection.preflight(outgoing) == Ok()
    sent = shop.desk.connection.send(outgoing, "delivery-1")
    assert sent.external_id == shop.desk.connection.wanted_id(outgoing)
    own = poll_until(shop.desk, {sent.external_id}, "own_posts")[sent.external_id]
    assert (own.text, own.parent_id, own.version) == (text, asked["uri"], sent.version)
    marks = {mark.kind: own.text[mark.start : mark.end] for mark in own.marks}
    assert marks == {"mention": f"@{fan.handle}", "link": "https://shop.example/horario", "tag": "#domingo"}
    posts = [item for item in shop.desk.read("own_posts") if isinstance(item, PostSeen)]
    assert [post.external_id for post in posts] == [shop.post["uri"]]
    eventually(lambda: is_indexed(shop.desk, sent), "our reply in the index")  # records are there before
    context = shop.desk.connection.context(sent.external_id, sent.ref)
    assert context.post is not None
    assert context.post.external_id == shop.post["uri"]
    assert [message.external_id for message in context.ancestors] == [asked["uri"]]
    liked = shop.desk.connection.like(question.external_id, question.ref, "like-1")
    assert shop.desk.connection.like(question.external_id, question.ref, "like-1") == liked
    shop.desk.connection.unlike(question.external_id, question.ref, liked)
    shop.desk.connection.delete_own(sent.external_id, sent.ref)
    shop.desk.connection.delete_own(sent.external_id, sent.ref)
    assert len(shop.owner.records()) == 1


def test_an_answer_lost_on_the_way_is_found_and_never_said_twice(shop: Shop) -> None:
    fan = shop.fan()
    desk = shop.open(url=shop.network.doorway.url)
    asked = fan.reply(shop.post, "Hello?")
    question = poll_until(desk, {asked["uri"]})[asked["uri"]]
    outgoing = desk.reply_to(question, "Here we are")
    assert desk.connection.find_sent(outgoing, datetime.now(UTC)) == Absent(is_sure=True)
    shop.network.doorway.hang_up_after(b"putRecord")
    with pytest.raises(Unclear):
        desk.connection.send(outgoing, "delivery-1")
    assert shop.network.doorway.swallowed_count >= 1
    found = desk.connection.find_sent(outgoing, datetime.now(UTC))
    assert isinstance(found, Found)
    for _ in range(3):
        assert desk.connection.send(outgoing, "delivery-1") == found.sent
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: desk.connection.send(outgoing, "delivery-1").external_id, range(4))) == {
            found.sent.external_id
        }
    assert sum(record["value"].get("reply") is not None for record in shop.owner.records()) == 1
    assert len(fan.call("app.bsky.feed.getPostThread", uri=asked["uri"])["thread"]["replies"]) <= 1


def test_what_was_edited_on_the_network_is_not_overwritten(shop: Shop) -> None:
    fan = shop.fan()
    asked = fan.reply(shop.post, "Hello?")
    outgoing = shop.desk.reply_to(poll_until(shop.desk, {asked["uri"]})[asked["uri"]], "Here we are")
    sent = shop.desk.connection.send(outgoing, "delivery-1")
    shop.owner.edit({"uri": sent.external_id}, "Here we are, edited")
    again = shop.desk.connection.send(outgoing, "delivery-1")
    assert (again.external_id, again.text) == (sent.external_id, "Here we are, edited")


def test_answering_what_is_gone(shop: Shop) -> None:
    fan = shop.fan()
    asked = fan.reply(shop.post, "Never mind")
    outgoing = shop.desk.reply_to(poll_until(shop.desk, {asked["uri"]})[asked["uri"]], "Here we are")
    fan.delete(asked)
    eventually(lambda: shop.desk.connection.preflight(outgoing) == ParentGone(), "preflight sees the deletion")


def test_the_appview_away_and_back(shop: Shop) -> None:
    fan = shop.fan()
    before = fan.reply(shop.post, "Before")
    question = poll_until(shop.desk, {before["uri"]})[before["uri"]]
    shop.network.appview.is_away = True
    shop.network.appview.drop_connections()
    try:
        with pytest.raises(Unavailable) as caught:
            shop.desk.connection.fetch("mentions", shop.desk.cursors["mentions"])
        assert caught.value.code == "server_error"
        during = fan.reply(shop.post, "During")
        outgoing = shop.desk.reply_to(question, "We answer all the same")
        sent = shop.desk.connection.send(outgoing, "delivery-1")
        assert isinstance(shop.desk.connection.find_sent(outgoing, datetime.now(UTC)), Found)
    finally:
        shop.network.appview.is_away = False
    poll_until(shop.desk, {during["uri"]})
    poll_until(shop.desk, {sent.external_id}, "own_posts")


def test_a_token_that_ended_is_refreshed_and_a_dead_one_needs_a_person(shop: Shop) -> None:
    fan = shop.fan()
    asked = fan.reply(shop.post, "Hello?")
    keeper = shop.desk.keeper
    values = {**keeper.secret.values, "accessJwt": expired(keeper.secret.values["accessJwt"])}
    keeper.secret = replace(keeper.secret, values=values)
    question = poll_until(shop.desk, {asked["uri"]})[asked["uri"]]
    assert keeper.refresh_count == 1
    keeper.secret = replace(keeper.secret, values={**keeper.secret.values, "accessJwt": values["accessJwt"]})
    shop.desk.connection.send(shop.desk.reply_to(question, "Here we are"), "delivery-1")
    assert keeper.refresh_count == 2
    names = shop.owner.call("com.atproto.server.listAppPasswords")["passwords"]
    for name in names:
        shop.owner.call("com.atproto.server.revokeAppPassword", {"name": name["name"]})
    keeper.secret = replace(keeper.secret, values={**keeper.secret.values, "accessJwt": values["accessJwt"]})
    with pytest.raises(TokenExpired):
        shop.desk.connection.fetch("mentions", None)


def test_a_deactivated_account_is_noticed_though_its_lists_still_answer(shop: Shop) -> None:
    asked = shop.fan().reply(shop.post, "Hello?")
    poll_until(shop.desk, {asked["uri"]})
    assert shop.desk.connection.verify().is_alive
    shop.owner.call("com.atproto.server.deactivateAccount", {})
    shop.desk.connection.fetch("mentions", None)  # with the old token: status 200, as if nothing had happened
    verified = shop.desk.connection.verify()
    assert (verified.is_alive, verified.dead_reason) == (False, "account_deactivated")
    assert verified.external_id == shop.owner.did


def test_private_messages_are_not_offered_here_and_the_channel_says_so(shop: Shop) -> None:
    verified = shop.desk.connection.verify()
    assert verified.limits.private.reason == "direct_not_offered"
    (direct,) = [stream for stream in shop.desk.connection.streams() if stream.name == "direct"]
    assert (direct.is_available, direct.reason) == (False, "direct_not_offered")
    with pytest.raises(PlatformError):
        shop.desk.connection.fetch("direct", None)


def test_the_server_counts_our_calls(shop: Shop) -> None:
    shop.desk.connection.verify()
    budgets = shop.desk.connection.calls.http.budgets  # type: ignore[attr-defined]  # the test's own MemoryBudgets
    assert budgets._kept["channel:1"].limit_count == 3000
