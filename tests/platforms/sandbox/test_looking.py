"""A reply that was accepted is found again however many came after it, and a look that saw too little says so."""

from datetime import timedelta

import pytest

from inbox.platforms.outgoing import Absent, CannotLook, Found, Outgoing
from tests.platforms.sandbox.conftest import Scene, now
from tests.platforms.sandbox.test_both import answer_to, asked


def answered(scene: Scene) -> tuple[str, Outgoing, str]:
    """Let a fan ask and answer them; return the post's id, the answer, and its id."""
    post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    return post, outgoing, scene.connection.send(outgoing, "key-1").external_id


def overtake(scene: Scene, post: str, how_many: int) -> None:
    """Let the brand write more of its own after it, in the same place."""
    made = scene.do("comment", by="luis@plaza.test", on=post, text="¿Y a mí?")["id"]
    for number in range(how_many):
        scene.do("native", on=made, text=f"Respondido desde el móvil {number}")


@pytest.mark.parametrize("how_many", [45, 130])
def test_a_reply_that_others_overtook_is_found(scene: Scene, how_many: int) -> None:
    started = now()
    post, outgoing, external_id = answered(scene)
    overtake(scene, post, how_many)
    found = scene.connection.find_sent(outgoing, started)
    assert isinstance(found, Found)
    assert found.sent.external_id == external_id


def test_a_look_that_does_not_reach_the_first_try_calls_nothing_absent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = now()
    post, outgoing, _ = answered(scene)
    overtake(scene, post, 130)
    monkeypatch.setattr("inbox.platforms.looking.MOST_PAGES", 1)
    assert scene.connection.find_sent(outgoing, started) == CannotLook("too_far")
    assert isinstance(scene.connection.find_sent(outgoing, started + timedelta(hours=1)), Absent)


@pytest.mark.parametrize(("kind", "reason"), [("empty_200", "empty"), ("malformed_item", "unreadable")])
def test_an_answer_without_its_rows_calls_nothing_absent(scene: Scene, kind: str, reason: str) -> None:
    started = now()
    _, outgoing, _ = answered(scene)
    scene.site.fault(scene.name, kind)
    assert scene.connection.find_sent(outgoing, started) == CannotLook(reason)


def test_a_private_answer_below_what_the_page_shows_calls_nothing_absent(pages: Scene) -> None:
    pages.do("direct", by="eva@plaza.test", text="¿Hola?")
    message = next(iter(pages.messages("direct").values()))
    outgoing = answer_to(message, mode="private")
    started = now()
    sent = pages.connection.send(outgoing, "key-1")
    found = pages.connection.find_sent(outgoing, started)
    assert isinstance(found, Found)
    assert found.sent.external_id == sent.external_id
    for number in range(25):
        pages.do("direct", by="eva@plaza.test", text=f"Y otra {number}")
    assert pages.connection.find_sent(outgoing, started) == CannotLook("too_far")


def test_a_first_private_answer_to_a_comment_may_be_absent(pages: Scene) -> None:
    _post, message = asked(pages)
    outgoing = answer_to(message, audience="private", mode="private")
    assert pages.connection.find_sent(outgoing, now()) == Absent(is_sure=False)


def test_under_a_visitors_post_without_comments_a_reply_may_be_absent(pages: Scene) -> None:
    pages.do("mention", by="eva@plaza.test", text="Acme Hogar, ¿abrís hoy?")
    message = next(iter(pages.messages("mentions").values()))
    assert pages.connection.find_sent(answer_to(message), now()) == Absent(is_sure=False)


def test_our_words_by_somebody_without_a_name_are_for_a_person(pages: Scene) -> None:
    post, message = asked(pages)
    outgoing = answer_to(message)
    pages.do("comment", by="nadie@plaza.test", on=post, text=outgoing.text, faceless=True)
    pages.do("comment", by="otra@plaza.test", on=post, text="Otra cosa", faceless=True)
    found = pages.connection.find_sent(outgoing, now())
    assert isinstance(found, Absent)
    assert [one.text for one in found.candidates] == [outgoing.text]


@pytest.mark.parametrize("earlier", [5, 90])
def test_our_words_that_tell_an_earlier_time_are_for_a_person(scene: Scene, earlier: int) -> None:
    _, outgoing, external_id = answered(scene)
    found = scene.connection.find_sent(outgoing, now() + timedelta(minutes=earlier))
    assert isinstance(found, Absent)
    assert [one.external_id for one in found.candidates] == [external_id]


def never_written(feed: Scene, audience: str = "public") -> Outgoing:
    """Let somebody speak to a brand that has never written anything; return an answer that was not sent."""
    feed.do("direct" if audience == "direct" else "mention", by="eva@plaza.test", text="¿Abrís hoy?")
    message = next(iter(feed.messages("mentions").values()))
    return feed.connection.prepare(answer_to(message, audience=audience), "key-1")


def test_the_first_reply_of_an_account_may_be_absent(feed: Scene) -> None:
    outgoing = never_written(feed)
    assert feed.connection.find_sent(outgoing, now()) == Absent(is_sure=False)
    feed.site.fault("feed", "lookup_lag_seconds", seconds=600, exact=True)
    feed.connection.send(outgoing, "key-1")  # counted at once, listed later
    assert feed.connection.find_sent(outgoing, now()) == CannotLook("empty")


def test_an_account_that_does_not_count_direct_ones_proves_nothing_of_them(feed: Scene) -> None:
    assert feed.connection.find_sent(never_written(feed, "direct"), now()) == CannotLook("empty")
