"""The queue's and the conversation's pages, whole and in parts, on both databases."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations import join
from inbox.conversations.models import Conversation, Thread
from inbox.members.models import Member
from tests.browser.world import World, make_long_thread, make_world
from tests.factories.basics import join_team, make_contact, make_grant, make_member, make_team
from tests.factories.conversations import answer_there, conversation_of, make_post, make_thread, say
from tests.factories.members import sign_in_as
from tests.factories.standing import stand

JSON = {"Accept": "application/json"}
PART = {"HX-Request": "true"}


@pytest.fixture
def small(session: Session) -> World:
    return stand(session, "team and 5", lambda session: make_world(session, conversations=5))


@pytest.fixture
def lucia(app: Flask, session: Session, small: World) -> FlaskClient:
    return sign_in_as(app, session, session.get_one(Member, small.lucia_id))


def rows_of(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="row-(\d+)"', html)]


def test_the_queue_is_sorted_by_who_waits_longest(session: Session, small: World, lucia: FlaskClient) -> None:
    ids = rows_of(lucia.get("/queue?view=everything").text)
    waits = [session.get_one(Conversation, number).waiting_since for number in ids]
    known = [at for at in waits if at is not None]
    assert len(ids) == 7
    assert waits[:-1] == known == sorted(known)  # their turn comes last


def test_home_is_the_queue(lucia: FlaskClient) -> None:
    assert lucia.get("/").headers["Location"].startswith("/queue")
    assert "Mine" in lucia.get("/queue").text


@pytest.mark.parametrize(
    "wrong", ["status=open'--", "channel=x", "label=1e3", "kind=tweet", "team=99999999999999999999"]
)
def test_what_is_no_filter_is_refused(lucia: FlaskClient, wrong: str) -> None:
    assert lucia.get(f"/queue?{wrong}").status_code == 400


def test_a_key_of_another_making_is_refused(lucia: FlaskClient) -> None:
    assert lucia.get("/queue?view=everything&after=yesterday").status_code == 400


def test_filters_narrow_and_are_said(small: World, lucia: FlaskClient) -> None:
    page = lucia.get(f"/queue?view=everything&channel={small.pages_id}").text
    assert 0 < len(rows_of(page)) < 7
    assert "Take away the filter Sandbox pages · Acme Hogar" in page
    assert len(rows_of(lucia.get("/queue?view=everything&status=done").text)) == 1
    assert rows_of(lucia.get("/queue?view=everything&status=spam").text) == []


def test_the_choices_of_the_filter_come_when_it_is_opened(small: World, lucia: FlaskClient) -> None:
    page = lucia.get(f"/queue?view=everything&channel={small.pages_id}").text
    assert "<select" not in page
    found = re.search(r'data-choices-url="([^"]+)">.*?<a href="([^"]+)"', page)
    assert found is not None
    address, without_scripts = (one.replace("&amp;", "&") for one in found.groups())
    assert f'<input type="hidden" name="channel" value="{small.pages_id}">' in page  # Show keeps the list as it is
    offered = lucia.get(address, headers=PART).text
    assert f'<option value="{small.pages_id}" selected>' in offered
    assert "<html" not in offered
    whole = lucia.get(without_scripts).text
    assert offered in whole
    assert 'id="filter" open' in whole
    assert rows_of(whole) == rows_of(page)


def test_only_channels_that_one_sees_are_offered(small: World, app: Flask, session: Session) -> None:
    stranger = make_member(session)
    assert "Acme Hogar" not in sign_in_as(app, session, stranger).get("/queue/filter").text


def test_parts_follow_without_gap_or_overlap(app: Flask, session: Session) -> None:
    world = make_world(session, conversations=60)
    browser = sign_in_as(app, session, session.get_one(Member, world.lucia_id))
    page = browser.get("/queue?view=everything").text
    first = rows_of(page)
    more = re.search(r'href="(/queue\?[^"]*after=[^"]+)"', page)
    assert more is not None
    address = more[1].replace("&amp;", "&")
    whole, part = browser.get(address).text, browser.get(f"{address}&part=1").text
    assert rows_of(whole) == rows_of(part)
    assert "<html" not in part
    assert len(first) == 50
    assert not set(first) & set(rows_of(part))
    assert len(first) + len(rows_of(part)) == 62


def test_a_conversation_is_a_page_and_a_pane(small: World, lucia: FlaskClient) -> None:
    whole, pane = (lucia.get(f"/c/{small.maria_id}", headers=headers).text for headers in ({}, PART))
    assert "<html" in whole
    assert "<html" not in pane
    for text in (
        "¿Cuánto tarda un reembolso?",
        "Finance says 88213",
        "Deleted by its author",
        "answered on the platform",
    ):
        assert text in whole
        assert text in pane
    assert "Esto ya es de risa" not in whole


def test_beside_it_stands_who_else_wrote_under_the_post(session: Session, small: World, lucia: FlaskClient) -> None:
    """Of a post with more threads than are looked at: those with the newest messages among the latest."""
    channel = session.get_one(Channel, small.channel_id)
    post, began = make_post(session, channel), clock.now() - timedelta(hours=9)
    ids = []
    for number in range(106):
        thread = make_thread(session, channel, post_id=post.id)
        person = make_contact(session, display_name=f"Fan of many {number}")
        ids.append(say(session, thread, person, at=began + timedelta(minutes=number)).conversation_id)
        if number in (2, 50):
            say(session, thread, person, "And in red?", at=clock.now())
    session.commit()
    html = lucia.get(f"/c/{ids[-1]}").text
    told = re.findall(r'data-open="(\d+)"', html.partition('id="side-others"')[2].partition("</ul>")[0])
    assert [int(one) for one in told] == [ids[number] for number in (50, 104, 103, 102, 101, 100, 99, 98)]
    assert "and more" in html


def test_that_others_are_further_down_is_said(session: Session, small: World, lucia: FlaskClient) -> None:
    channel = session.get_one(Channel, small.channel_id)
    post, person = make_post(session, channel), make_contact(session)
    oldest = make_thread(session, channel, post_id=post.id)
    stranger = say(session, oldest, make_contact(session, display_name="Fan of long ago"))
    nobody = [make_thread(session, channel, post_id=post.id) for _ in range(99)]
    newest = say(session, make_thread(session, channel, post_id=post.id), person)
    html = lucia.get(f"/c/{newest.conversation_id}").text
    beside = html.partition('id="side-others"')[2].partition("</ul>")[0]
    assert "and more" in beside
    assert f'data-open="{stranger.conversation_id}"' not in beside
    session.delete(nobody[0])  # then the oldest is one of the hundred
    session.commit()
    beside = lucia.get(f"/c/{newest.conversation_id}").text.partition('id="side-others"')[2].partition("</ul>")[0]
    assert "and more" not in beside
    assert f'data-open="{stranger.conversation_id}"' in beside


def test_who_waits_stands_before_who_does_not(session: Session, small: World, lucia: FlaskClient) -> None:
    channel = session.get_one(Channel, small.channel_id)
    post, began = make_post(session, channel), clock.now() - timedelta(hours=9)
    ids = []
    for number, text in enumerate(("Is it open?", "👍👍", "When do you open?", "❤️")):
        thread = make_thread(session, channel, post_id=post.id)
        message = say(session, thread, make_contact(session), text, at=began + timedelta(minutes=number))
        ids.append(message.conversation_id)
    session.commit()
    html = lucia.get(f"/c/{ids[3]}").text.partition('id="side-others"')[2].partition("</ul>")[0]
    assert [int(one) for one in re.findall(r'data-open="(\d+)"', html)] == [ids[2], ids[0], ids[1]]
    assert "and more" not in html


def test_a_list_that_is_narrowed_says_no_count_and_which_channel(small: World, lucia: FlaskClient) -> None:
    assert re.search(r'id="queue-said">[^<]*\d', lucia.get("/queue?view=everything").text)
    html = lucia.get(f"/queue?view=everything&channel={small.channel_id}").text
    assert 'id="queue-said"></span>' in html
    assert re.search(r'class="chosen"[^>]*><bdi>[^<]+ · [^<]+</bdi>', html)


def test_thanks_that_came_after_our_answer_are_what_their_row_shows(
    session: Session, small: World, lucia: FlaskClient
) -> None:
    thread = make_thread(session, session.get_one(Channel, small.channel_id))
    fan, before = make_contact(session), clock.now() - timedelta(hours=1)
    asked = say(session, thread, fan, "Is it open?", at=before)
    number = asked.conversation_id
    answer_there(session, thread, "Until nine.", at=before + timedelta(minutes=1), parent_external_id=asked.external_id)
    said = {True: "Until nine.", False: "Thank you so much!"}
    session.commit()
    row = lucia.get("/queue?view=everything").text.partition(f'id="row-{number}"')[2].partition("</li>")[0]
    assert (said[True] in row, said[False] in row) == (True, False)
    say(session, thread, fan, said[False])
    session.commit()
    row = lucia.get("/queue?view=no_answer").text.partition(f'id="row-{number}"')[2].partition("</li>")[0]
    assert (said[True] in row, said[False] in row) == (False, True)


def test_a_joined_conversation_leads_to_where_it_went(session: Session, small: World, lucia: FlaskClient) -> None:
    channel = session.get_one(Channel, small.channel_id)
    person = make_contact(session, channel.platform)
    kept, gone = make_thread(session, channel), make_thread(session, channel)
    first = conversation_of(session, say(session, kept, person, "One thing?"))
    second = conversation_of(session, say(session, gone, person, "Another thing?"))
    join.join(session, kept, gone)
    number, old = first.id, second.id
    session.commit()
    answer = lucia.get(f"/c/{old}?view=mine")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/c/{number}?view=mine"


def test_a_thread_that_was_read_in_pieces_says_so_once(session: Session, small: World, lucia: FlaskClient) -> None:
    channel = session.get_one(Channel, small.channel_id)
    person = make_contact(session, channel.platform)
    kept, *pieces = [make_thread(session, channel) for _piece in range(4)]
    conversations = [conversation_of(session, say(session, one, person, "A piece?")) for one in (kept, *pieces)]
    for piece in pieces:
        join.join(session, kept, piece)
    number = conversations[0].id
    session.commit()
    shown = lucia.get(f"/c/{number}").text
    assert shown.count("4 parts of this thread were joined") == 1
    assert "Two parts" not in shown


def test_a_message_of_a_megabyte_has_a_page_of_its_own(session: Session, small: World, lucia: FlaskClient) -> None:
    channel = session.get_one(Channel, small.channel_id)
    text = "¿Y esto? " * 110_000
    message = say(session, make_thread(session, channel), make_contact(session, channel.platform), text)
    number, conversation = message.id, conversation_of(session, message).id
    session.commit()
    shown = lucia.get(f"/c/{conversation}").text
    assert len(shown) < 100_000
    assert f"/messages/{number}/words" in shown
    whole = lucia.get(f"/messages/{number}/words")
    assert (whole.mimetype, whole.text) == ("text/plain", text)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"


def test_a_long_thread_comes_in_parts_newest_first(session: Session, small: World, lucia: FlaskClient) -> None:
    number = make_long_thread(session, small.channel_id, count=120)
    page = lucia.get(f"/c/{number}", headers=PART).text
    entries = re.findall(r'<li id="m(\d+)"', page)
    seen = list(entries)
    address = re.search(r'data-part="([^"]+)"', page)
    while address is not None:
        part = lucia.get(address[1].replace("&amp;", "&"), headers=JSON).json
        assert part is not None
        entries = re.findall(r'<li id="m(\d+)"', part["entries"])
        assert not set(entries) & set(seen)
        seen = entries + seen
        address = re.search(r"(.+)", part["earlier"] or "")
    assert len(seen) == 120
    assert seen == sorted(seen, key=int)


def test_a_link_to_an_old_message_opens_around_it(session: Session, small: World, lucia: FlaskClient) -> None:
    number = make_long_thread(session, small.channel_id, count=120)
    oldest = lucia.get(f"/c/{number}", headers=PART).text
    first = min(int(found) for found in re.findall(r'<li id="m(\d+)"', oldest))
    wanted = first - 40
    page = lucia.get(f"/c/{number}?message={wanted}", headers=PART).text
    assert f'id="m{wanted}"' in page
    assert "To the newest" in page


def test_changes_tell_what_is_new(session: Session, small: World, lucia: FlaskClient) -> None:
    before = lucia.get(f"/c/{small.maria_id}/changes", headers=JSON).json
    conversation = session.get_one(Conversation, small.maria_id)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    say(session, thread, person, "¿Sigue ahí alguien?")
    session.commit()
    after = lucia.get(f"/c/{small.maria_id}/changes", headers=JSON).json
    assert before is not None
    assert after is not None
    known = {entry["id"]: entry["digest"] for entry in before["entries"]}
    fresh = [entry for entry in after["entries"] if known.get(entry["id"]) != entry["digest"]]
    assert ["¿Sigue ahí alguien?" in entry["html"] for entry in fresh] == [True]
    assert after["seq"] == before["seq"] + 1


def test_who_may_only_see_gets_no_buttons(app: Flask, session: Session, small: World) -> None:
    viewer = make_member(session, "Vera")
    team = make_team(session)
    join_team(session, viewer, team, "viewer")
    make_grant(session, team, session.get_one(Channel, small.channel_id))
    page = sign_in_as(app, session, viewer).get(f"/c/{small.maria_id}").text
    assert 'data-act="finish"' not in page
    assert "data-send" not in page
    assert "You may not answer on this channel" in page


def test_the_page_says_how_long_the_server_took(small: World, lucia: FlaskClient) -> None:
    assert re.match(r"app;dur=[\d.]+, cpu;dur=[\d.]+", lucia.get("/queue").headers["Server-Timing"])
