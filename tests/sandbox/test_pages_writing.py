"""The pages personality written to over bare HTTP: each test names the line of facebook.md that it proves."""

import json
import time

import httpx
import pytest

from tests.sandbox.site import Site

ANA = "ana.ruizal.test"
DAY = 86400.0


def page_of(site: Site) -> str:
    return str(site.told["pages"]["page_id"])


def asked(site: Site, text: str = "¿Envían a Soria?") -> str:
    """A fan's comment to answer."""
    on = site.do("pages/post", text="Novedades")["id"]
    return str(site.do("pages/comment", by=ANA, on=on, text=text)["id"])


def code_of(answer: httpx.Response) -> tuple[int, int | None]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode")


def fan_id(site: Site, hours: float = 0.0) -> str:
    """The page-scoped id of a fan who wrote in private so many hours ago."""
    made = site.do("pages/direct", by=ANA, text="hola", authored_at=time.time() - hours * 3600)
    return str(made["author_id"])


def send(site: Site, text: str = "Hola", **recipient: str) -> httpx.Response:
    body = {"recipient": recipient, "messaging_type": "RESPONSE", "message": {"text": text}}
    return site.pages.post(f"/{page_of(site)}/messages", json=body)


def test_a_reply_hangs_on_the_top_level_comment(site: Site) -> None:
    """§4 reply publicly; §3: a reply to a reply is attached to the top-level comment."""
    top = asked(site)
    first = site.pages.post(f"/{top}/comments", data={"message": "Sí, claro"}).json()
    assert set(first) == {"id"}
    second = site.pages.post(f"/{first['id']}/comments", json={"message": "En 48 h"}).json()["id"]
    for made in (first["id"], second):
        assert site.get("pages", f"/{made}", fields="id,parent{id},from")["parent"]["id"] == top
    rows = site.accepted("pages")
    assert [(one["wanted_parent_id"], one["parent_id"]) for one in rows] == [(top, top), (first["id"], top)]


def test_a_top_level_comment_of_ours(site: Site) -> None:
    """§4 new top-level comment: POST /{post-id}/comments."""
    on = site.do("pages/post", text="Novedades")["id"]
    made = site.pages.post(f"/{on}/comments", data={"message": "Por cierto"}).json()["id"]
    assert "parent" not in site.get("pages", f"/{made}", fields="id,parent")


def test_there_is_no_idempotency_key(site: Site) -> None:
    """§9: writes are not idempotent and no idempotency key exists."""
    top = asked(site)
    made = [
        site.pages.post(f"/{top}/comments", data={"message": "Sí"}, headers={"Idempotency-Key": "k"}).json()["id"]
        for _ in range(2)
    ]
    assert len(set(made)) == len(site.accepted("pages")) == 2


def test_posting_to_the_comment_itself_edits_it(site: Site) -> None:
    """§4 DANGER: POST /{comment-id} with message EDITS that comment and answers {success:true}."""
    top = asked(site)
    mine = site.pages.post(f"/{top}/comments", data={"message": "Si"}).json()["id"]
    answer = site.pages.post(f"/{mine}", data={"message": "Sí"})
    assert answer.json() == {"success": True}
    assert site.get("pages", f"/{mine}")["message"] == "Sí"
    # §4 edit own: only for the Page's own comments
    assert code_of(site.pages.post(f"/{top}", data={"message": "cambiado"})) == (200, None)
    assert site.get("pages", f"/{top}")["message"] == "¿Envían a Soria?"
    assert len(site.accepted("pages")) == 1


def test_hidden_comments_are_still_returned(site: Site) -> None:
    """§4 hide / unhide and §3 Hidden; can_hide is false for our own."""
    top = asked(site)
    for wanted in ("true", "false"):
        assert site.pages.post(f"/{top}", data={"is_hidden": wanted}).json() == {"success": True}
        assert site.get("pages", f"/{top}", fields="is_hidden")["is_hidden"] is (wanted == "true")
    mine = site.pages.post(f"/{top}/comments", data={"message": "Sí"}).json()["id"]
    assert site.get("pages", f"/{mine}", fields="can_hide")["can_hide"] is False
    assert code_of(site.pages.post(f"/{mine}", data={"is_hidden": "true"})) == (200, None)
    assert [row["what"] for row in site.ledger("SELECT what FROM touch")] == ["hide", "unhide"]


def test_liking_and_unliking_as_the_page(site: Site) -> None:
    """§4 like / unlike."""
    top = asked(site)
    for _ in range(2):
        assert site.pages.post(f"/{top}/likes").json() == {"success": True}
    assert site.get("pages", f"/{top}", fields="user_likes,like_count") == {
        "id": top,
        "user_likes": True,
        "like_count": 1,
    }
    assert site.get("pages", f"/{top}/likes")["data"][0]["id"] == page_of(site)
    assert site.pages.delete(f"/{top}/likes").json() == {"success": True}
    assert site.get("pages", f"/{top}", fields="user_likes")["user_likes"] is False


def test_deleting(site: Site) -> None:
    """§4 delete: ours and, on our posts, anybody's."""
    top = asked(site)
    mine = site.pages.post(f"/{top}/comments", data={"message": "Sí"}).json()["id"]
    assert site.pages.delete(f"/{mine}").json() == {"success": True}
    assert code_of(site.pages.delete(f"/{mine}")) == (100, 33)
    assert site.pages.delete(f"/{top}").json() == {"success": True}
    assert code_of(site.pages.post(f"/{top}/comments", data={"message": "Sí"})) == (100, 33)


def test_an_empty_or_endless_comment_is_refused(site: Site) -> None:
    """§4 Comment length: about 8,000 characters (unverified); §9: bad parameter 100."""
    top = asked(site)
    for text in ("", "  ", "x" * 8001):
        assert code_of(site.pages.post(f"/{top}/comments", data={"message": text})) == (100, None)
    assert site.pages.post(f"/{top}/comments", data={"message": "x" * 8000}).status_code == 200


def test_a_message_inside_the_window_leaves(site: Site) -> None:
    """§6: answers {recipient_id, message_id}; the conversation shows it; form fields hold JSON text."""
    fan = fan_id(site)
    body = send(site, "Le ayudamos", id=fan).json()
    assert body["recipient_id"] == fan
    assert site.get("pages", f"/{body['message_id']}", fields="message,from")["message"] == "Le ayudamos"
    form = {"recipient": json.dumps({"id": fan}), "message": json.dumps({"text": "Ya está"})}
    assert site.pages.post("/me/messages", data=form).status_code == 200
    assert [row["recipients"] for row in site.accepted("pages")] == [json.dumps([fan])] * 2


@pytest.mark.parametrize(("hours", "is_open"), [(23.9, True), (24.1, False), (200.0, False)])
def test_the_window_closes_24_hours_after_the_persons_last_message(site: Site, hours: float, is_open: bool) -> None:
    """§6 24-hour standard window; §9: 10 / 2018278."""
    fan = fan_id(site, hours)
    answer = send(site, id=fan)
    assert answer.status_code == (200 if is_open else 403)
    conversation = site.get("pages", f"/{page_of(site)}/conversations", fields="can_reply")["data"][0]
    assert conversation["can_reply"] is is_open
    if not is_open:
        assert code_of(answer) == (10, 2018278)
        assert answer.json()["error"]["message"].startswith("(#10) This message is sent outside of allowed window")
        site.do("pages/direct", by=ANA, text="sigo aquí")
        assert send(site, id=fan).status_code == 200


def test_human_agent_reaches_seven_days_when_approved(site: Site) -> None:
    """§6 HUMAN_AGENT: up to 7 days, must be approved first."""
    fan = fan_id(site, 100.0)
    body = {
        "recipient": {"id": fan},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
        "message": {"text": "Hola"},
    }
    path = f"/{page_of(site)}/messages"
    assert code_of(site.pages.post(path, json=body)) == (10, 2018278)
    site.fault("pages", "human_agent_approved")
    assert site.pages.post(path, json=body).status_code == 200


def test_2000_utf16_units_are_the_limit_of_a_message(site: Site) -> None:
    """§6 Text limit: the error's text is exact."""
    fan = fan_id(site)
    assert send(site, "x" * 2000, id=fan).status_code == 200
    for text in ("x" * 2001, "😀" * 1001):
        answer = send(site, text, id=fan)
        assert answer.json()["error"]["message"] == (
            "(#100) Length of param message[text] must be less than or equal to 2000"
        )
    assert code_of(send(site, "", id=fan)) == (100, None)
    assert code_of(send(site, "Hola", id="9"))[0] == 100


def test_one_private_reply_to_a_comment(site: Site) -> None:
    """§6 Private reply: one only; the PSID links comment and conversation; it does not open the 24 h window."""
    top = asked(site)
    flags = "can_reply_privately,private_reply_conversation"
    assert site.get("pages", f"/{top}", fields=flags)["can_reply_privately"] is True
    body = send(site, "Por privado", comment_id=top).json()
    assert body["recipient_id"] == site.get("pages", f"/{top}", fields="from")["from"]["id"]
    after = site.get("pages", f"/{top}", fields=flags)
    assert after["can_reply_privately"] is False
    assert after["private_reply_conversation"]["id"].startswith("t_")
    assert code_of(send(site, "Otra vez", comment_id=top)) == (10900, None)
    assert code_of(send(site, "Y otra", id=body["recipient_id"])) == (10, 2018278)
    site.do("pages/direct", by=ANA, text="gracias")
    assert send(site, "De nada", id=body["recipient_id"]).status_code == 200
    assert site.accepted("pages")[0]["wanted_parent_id"] == top


def test_a_private_reply_comes_too_late_after_seven_days(site: Site) -> None:
    """§6 Private reply: within 7 days of the comment's creation; 10903."""
    on = site.do("pages/post", text="Novedades")["id"]
    old = site.do("pages/comment", by=ANA, on=on, text="vieja", authored_at=time.time() - 7.1 * DAY)["id"]
    assert site.get("pages", f"/{old}", fields="can_reply_privately")["can_reply_privately"] is False
    assert code_of(send(site, comment_id=old)) == (10903, None)
    mine = site.pages.post(f"/{old}/comments", data={"message": "Sí"}).json()["id"]
    assert code_of(send(site, comment_id=mine)) == (10903, None)
    assert code_of(send(site, comment_id="1")) == (100, 33)


def test_a_native_answer_is_the_pages_but_not_the_apis(site: Site) -> None:
    """Control: an answer by the page's own app."""
    top = asked(site)
    made = site.do("pages/native", on=top, text="Claro que sí")["id"]
    body = site.get("pages", f"/{made}", fields="from,parent{id},application")
    assert (body["from"]["id"], body["parent"]["id"], "application" in body) == (page_of(site), top, False)
    direct = site.do("pages/direct", by=ANA, text="hola")
    reply = site.do("pages/native", on=direct["id"], text="buenas")
    assert (reply["thread_id"], reply["kind"]) == (direct["thread_id"], "direct")
    assert site.accepted("pages") == []
