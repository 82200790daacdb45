"""The pages personality read over bare HTTP: each test names the line of facebook.md that it proves."""

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.site import Site, Until

ANA, LEO = "ana.ruizal.test", "leo.ferreiral.example"
ALL = (
    "id,message,created_time,from{id,name},parent{id},attachment,message_tags,is_hidden,is_private,can_comment,"
    "can_hide,can_like,can_remove,can_reply_privately,comment_count,like_count,user_likes,permalink_url,"
    "private_reply_conversation"
)


def page_of(site: Site) -> str:
    return str(site.told["pages"]["page_id"])


def post(site: Site, **more: Any) -> str:
    return str(site.do("pages/post", text="Novedades", **more)["id"])


def comment(site: Site, on: str, text: str, by: str = ANA, **more: Any) -> str:
    return str(site.do("pages/comment", by=by, on=on, text=text, **more)["id"])


def ids(body: dict[str, Any]) -> list[str]:
    return [one["id"] for one in body["data"]]


def error_of(answer: httpx.Response) -> tuple[int, int, int | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")


def test_me_is_the_page_and_the_version_stands_in_a_header(site: Site) -> None:
    """§1: facebook-api-version names the version used; §2: a page token."""
    answer = site.pages.get("/me", params={"fields": "id,name"})
    assert answer.json() == {"id": page_of(site), "name": "Acme Hogar"}
    assert answer.headers["facebook-api-version"] == "v25.0"
    assert "Date" in answer.headers
    other = site.told["pages"]["other_access_token"]
    assert site.pages.get("/me", headers={"Authorization": f"Bearer {other}"}).json()["id"] != page_of(site)


def test_the_token_may_be_a_parameter(site: Site) -> None:
    """§2: `access_token` parameter or Authorization header; none or a wrong one is an error of its own."""
    url = site.told["pages"]["url"] + "/v25.0/me"
    token = site.told["pages"]["access_token"]
    assert httpx.get(url, params={"access_token": token}).json()["id"] == page_of(site)
    assert error_of(httpx.get(url, params={"access_token": "EAASwrong"})) == (401, 190, 467)
    assert error_of(httpx.get(url))[1] == 2500


def test_debug_token_says_what_a_token_is(site: Site) -> None:
    """§2 Inspect: with {app-id}|{app-secret}; type, is_valid, expires_at 0, scopes."""
    told = site.told["pages"]
    app = f"{told['app_id']}|{told['app_secret']}"
    url = told["url"] + "/v25.0/debug_token"
    data = httpx.get(url, params={"input_token": told["access_token"], "access_token": app}).json()["data"]
    assert (data["type"], data["is_valid"], data["expires_at"], data["profile_id"]) == ("PAGE", True, 0, page_of(site))
    assert "pages_manage_engagement" in data["scopes"]
    site.fault("pages", "dead_token")
    dead = httpx.get(url, params={"input_token": told["access_token"], "access_token": app}).json()["data"]
    assert dead["is_valid"] is False


def test_appsecret_proof_is_checked_when_sent_or_demanded(site: Site) -> None:
    """§2: hex HMAC-SHA256(key app secret, message access token)."""
    token, secret = site.told["pages"]["access_token"], site.told["pages"]["app_secret"]
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    assert site.pages.get("/me", params={"appsecret_proof": "0" * 64}).json()["error"]["code"] == 100
    site.fault("pages", "appsecret_proof_required")
    assert site.pages.get("/me").json()["error"]["code"] == 100
    assert site.pages.get("/me", params={"appsecret_proof": proof}).status_code == 200


def test_published_posts_page_by_time_without_cursors(site: Site) -> None:
    """§3.1: since/until and __paging_token in the paging URLs, no cursors: follow paging.next, which has the token."""
    now = time.time()
    made = [post(site, authored_at=now - 100 * (5 - number)) for number in range(5)]
    first = site.get("pages", f"/{page_of(site)}/published_posts", limit=2, fields="id,created_time,message")
    assert ids(first) == made[::-1][:2]
    assert first["data"][0]["created_time"].endswith("+0000")
    assert "cursors" not in first["paging"]
    query = parse_qs(urlsplit(first["paging"]["next"]).query)
    assert {"until", "__paging_token", "access_token"} <= set(query)
    second = httpx.get(first["paging"]["next"]).json()
    third = httpx.get(second["paging"]["next"]).json()
    assert ids(second) + ids(third) == made[::-1][2:]
    assert "next" not in third["paging"]
    since = site.get("pages", f"/{page_of(site)}/published_posts", since=int(now - 250))
    assert ids(since) == made[::-1][:2]


def test_visitors_and_tagging_posts_have_their_own_lists(site: Site) -> None:
    """§3.1: published_posts holds ours; /feed also visitors' posts and posts tagging the page."""
    ours = post(site)
    tagging = site.do("pages/mention", by=ANA, text="qué bien va")["id"]
    visiting = site.do("pages/mention", by=LEO, text="¿hay alguien?", where="page")["id"]
    page = page_of(site)
    assert ids(site.get("pages", f"/{page}/published_posts")) == [ours]
    assert ids(site.get("pages", f"/{page}/visitor_posts")) == [visiting]
    tagged = site.get("pages", f"/{page}/tagged", fields="id,message,from,message_tags")
    assert ids(tagged) == [tagging]
    assert tagged["data"][0]["message_tags"][0]["id"] == page
    assert tagged["data"][0]["from"]["name"] == "Ana Ruizal"
    assert set(ids(site.get("pages", f"/{page}/feed"))) == {ours, tagging, visiting}
    under = comment(site, tagging, "yo también")
    assert ids(site.get("pages", f"/{tagging}/comments")) == [under]


def test_stream_is_every_level_in_order_and_toplevel_is_ranked(site: Site) -> None:
    """§3.2: filter=stream is chronological; toplevel is the default and comes ranked; two levels only."""
    on = post(site)
    tops = [comment(site, on, f"pregunta {number}") for number in range(12)]
    reply = comment(site, tops[0], "respuesta", by=LEO)
    deeper = comment(site, reply, "más hondo")
    stream = site.get("pages", f"/{on}/comments", filter="stream", limit=100, fields="id,parent{id},created_time")
    assert ids(stream) == [*tops, reply, deeper]
    parents = {one["id"]: one.get("parent", {}).get("id") for one in stream["data"]}
    assert (parents[reply], parents[deeper], parents[tops[1]]) == (tops[0], tops[0], None)
    ranked = ids(site.get("pages", f"/{on}/comments", limit=100))
    assert sorted(ranked) == sorted(tops)
    assert ranked != tops
    assert ids(site.get("pages", f"/{on}/comments", limit=100, order="chronological")) == tops
    backwards = site.get("pages", f"/{on}/comments", filter="stream", order="reverse_chronological", limit=100)
    assert ids(backwards) == [deeper, reply, *tops[::-1]]
    assert ids(site.get("pages", f"/{tops[0]}/comments")) == [reply, deeper]


def test_comments_page_by_cursors_and_a_missing_next_ends(site: Site) -> None:
    """§3.2 Paging answer: cursors on the last page too; next is absent at the end; total_count misleads."""
    on = post(site)
    made = [comment(site, on, f"pregunta {number}") for number in range(7)]
    first = site.get("pages", f"/{on}/comments", filter="stream", limit=3, summary="true")
    assert first["summary"] == {"order": "chronological", "total_count": 7, "can_comment": True}
    assert site.told["pages"]["access_token"] in first["paging"]["next"]
    second = httpx.get(first["paging"]["next"]).json()
    late = comment(site, on, "entre medias")
    after = second["paging"]["cursors"]["after"]
    third = site.get("pages", f"/{on}/comments", filter="stream", limit=3, after=after)
    assert ids(first) + ids(second) + ids(third) == [*made, late]
    assert "after" in third["paging"]["cursors"]
    assert "next" not in third["paging"]
    site.do("pages/delete", id=made[0])
    body = site.get("pages", f"/{on}/comments", filter="stream", summary="true", limit=100)
    assert (len(body["data"]), body["summary"]["total_count"]) == (7, 8)


@pytest.mark.parametrize("order", ["chronological", "reverse_chronological"])
def test_a_cursor_outlives_its_comment(site: Site, order: str) -> None:
    """§3.2: a page may be short; a deletion between two pages hides nothing else."""
    on = post(site)
    made = [comment(site, on, f"pregunta {number}") for number in range(5)]
    shown = made if order == "chronological" else made[::-1]
    page = site.get("pages", f"/{on}/comments", filter="stream", limit=3, order=order)
    site.do("pages/delete", id=shown[2])
    after = page["paging"]["cursors"]["after"]
    assert ids(site.get("pages", f"/{on}/comments", filter="stream", after=after, order=order)) == shown[3:]


def test_since_is_a_lower_bound_of_created_time(site: Site) -> None:
    """§3.2 since: misses edits, hides and deletions."""
    on, now = post(site), time.time()
    comment(site, on, "vieja", authored_at=now - 5000)
    new = comment(site, on, "nueva")
    assert ids(site.get("pages", f"/{on}/comments", filter="stream", since=int(now - 60))) == [new]
    iso = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(now - 60))
    assert ids(site.get("pages", f"/{on}/comments", filter="stream", since=iso)) == [new]
    assert error_of(site.pages.get(f"/{on}/comments", params={"since": "ayer"}))[1] == 100


def test_all_fields_of_a_comment(site: Site) -> None:
    """§3.2 fields; the attachment's address is signed and expires; ids in both forms."""
    on = post(site)
    made = comment(site, on, "mira Acme Hogar", pictures=1)
    body = site.get("pages", f"/{made}", fields=ALL)
    assert set(body) == {
        "id",
        "message",
        "created_time",
        "from",
        "attachment",
        "message_tags",
        "is_hidden",
        "is_private",
        "can_comment",
        "can_hide",
        "can_like",
        "can_remove",
        "can_reply_privately",
        "comment_count",
        "like_count",
        "user_likes",
        "permalink_url",
    }
    assert body["from"]["name"] == "Ana Ruizal"
    assert body["message_tags"][0]["offset"] == 5
    assert (body["attachment"]["type"], body["can_hide"], body["can_reply_privately"]) == ("photo", True, True)
    source = body["attachment"]["media"]["image"]["src"]
    assert httpx.get(source).content.startswith(b"\x89PNG")
    assert httpx.get(source.replace("oe=", "oe=1")).status_code == 403
    short = made.rsplit("_", 1)[1]
    assert site.get("pages", f"/{short}") == site.get("pages", f"/{made}")
    assert set(site.get("pages", f"/{made}")) == {"id", "message", "created_time", "from"}
    assert error_of(site.pages.get(f"/{made}", params={"fields": "id,colour"}))[1] == 100


def test_from_is_sometimes_missing(site: Site) -> None:
    """§3.2: `from` is absent for some people."""
    on = post(site)
    made = comment(site, on, "anónima", faceless=True)
    assert "from" not in site.get("pages", f"/{made}", fields="id,from")
    seen = comment(site, on, "con cara")
    assert "from" in site.get("pages", f"/{seen}", fields="id,from")
    site.fault("pages", "faceless")
    assert "from" not in site.get("pages", f"/{seen}", fields="id,from")


def test_deleted_answers_100_33_and_an_edit_leaves_no_flag(site: Site) -> None:
    """§3.2 Deleted: 100 subcode 33, `Unsupported get request. Object with ID …`; Edited: no edited flag."""
    on = post(site)
    gone, kept = comment(site, on, "la borro"), comment(site, on, "la cambio")
    site.do("pages/delete", id=gone)
    site.do("pages/edit", id=kept, text="cambiada")
    answer = site.pages.get(f"/{gone}")
    assert error_of(answer) == (400, 100, 33)
    assert answer.json()["error"]["message"].startswith("Unsupported get request. Object with ID ")
    body = site.get("pages", f"/{kept}")
    assert body["message"] == "cambiada"
    assert set(body) == {"id", "message", "created_time", "from"}


def test_many_are_read_at_once(site: Site) -> None:
    """Recorded: ?ids=a,b answers keyed by id; a vanished one is left out, or fails all with strict_batch."""
    on = post(site)
    one, two, gone = (comment(site, on, f"n {number}") for number in range(3))
    site.do("pages/delete", id=gone)
    body = site.get("pages", "/", ids=f"{one},{two},{gone}", fields="id,message")
    assert set(body) == {one, two}
    assert body[one] == {"id": one, "message": "n 0"}
    without_slash = httpx.get(
        site.told["pages"]["url"] + "/v25.0", params={"ids": one, "access_token": site.told["pages"]["access_token"]}
    )
    assert set(without_slash.json()) == {one}
    site.fault("pages", "strict_batch")
    assert error_of(site.pages.get("/", params={"ids": f"{one},{gone}"})) == (400, 100, 33)
    too_many = ",".join(str(number) for number in range(51))
    assert error_of(site.pages.get("/", params={"ids": too_many}))[1] == 100


def test_conversations_are_newest_first_and_know_no_since(site: Site) -> None:
    """§5.1: newest updated_time first; time-based pagination is not available; ids like t_…"""
    site.do("pages/direct", by=ANA, text="hola")
    site.do("pages/direct", by=LEO, text="buenas")
    path = f"/{page_of(site)}/conversations"
    fields = "id,updated_time,link,message_count,unread_count,can_reply,snippet,participants,senders"
    body = site.get("pages", path, platform="messenger", fields=fields)
    assert [one["snippet"] for one in body["data"]] == ["buenas", "hola"]
    assert body["data"][0]["id"].startswith("t_")
    people = body["data"][0]["participants"]["data"]
    assert [one["id"] for one in people][1] == page_of(site)
    assert people[0]["email"] == f"{people[0]['id']}@facebook.com"
    site.do("pages/direct", by=ANA, text="¿hola?")
    again = site.get("pages", path, fields=fields)
    assert [(one["snippet"], one["message_count"]) for one in again["data"]] == [("¿hola?", 2), ("buenas", 1)]
    assert error_of(site.pages.get(path, params={"since": "1"}))[1] == 100
    first = site.get("pages", path, limit=1)
    assert ids(httpx.get(first["paging"]["next"]).json()) == [again["data"][1]["id"]]


def test_a_conversation_rises_when_a_late_message_becomes_readable(site: Site, until: Until) -> None:
    """§5.1 Only-new rule: walk until updated_time <= watermark, so a late row must raise it."""
    late = site.do("pages/direct", by=ANA, text="tarde", visible_after_seconds=0.6)
    site.do("pages/direct", by=LEO, text="buenas", arrived_at=late["authored_at"] + 0.1)
    site.do("pages/direct", by=ANA, text="mucho después", visible_after_seconds=600)
    path, fields = f"/{page_of(site)}/conversations", "snippet,updated_time"
    until(lambda: site.get("pages", path, fields=fields)["data"][0]["snippet"] == "tarde")
    state = site.control.get(f"/sandbox/pages/items/{late['id']}").json()
    assert state["visible_at"] - state["authored_at"] > 0.5


def test_only_the_twenty_newest_messages_have_details(site: Site) -> None:
    """§5.2: all ids are listed, details only for the 20 newest; older ones answer an error."""
    made = [site.do("pages/direct", by=ANA, text=f"mensaje {number}")["id"] for number in range(23)]
    conversation = ids(site.get("pages", f"/{page_of(site)}/conversations"))[0]
    fields = "id,created_time,from,to,message,attachments"
    body = site.get("pages", f"/{conversation}/messages", fields=fields, limit=100)
    assert ids(body) == made[::-1]
    assert [("message" in one) for one in body["data"]] == [True] * 20 + [False] * 3
    assert site.get("pages", f"/{made[22]}", fields=fields)["message"] == "mensaje 22"
    answer = site.pages.get(f"/{made[0]}", params={"fields": fields})
    assert error_of(answer) == (400, 100, None)
    assert "deleted" in answer.json()["error"]["message"]
    nested = site.get("pages", f"/{conversation}", fields="messages.limit(3){id,message}")
    assert [one["message"] for one in nested["messages"]["data"]] == ["mensaje 22", "mensaje 21", "mensaje 20"]
    # §5.2: default message fields are only id, created_time
    plain = site.get("pages", f"/{conversation}/messages", limit=1)["data"][0]
    assert set(plain) == {"id", "created_time"}


def test_messages_tell_both_sides_and_pictures(site: Site) -> None:
    """§5.2: outbound if from.id == page_id; the fan's id is the same in comments (page-scoped)."""
    on = post(site)
    face = site.get("pages", f"/{comment(site, on, 'hola')}", fields="from")["from"]["id"]
    site.do("pages/direct", by=ANA, text="foto", pictures=1)
    site.do("pages/native", direct=ANA, text="gracias")
    conversation = ids(site.get("pages", f"/{page_of(site)}/conversations", user_id=face))[0]
    ours, theirs = site.get("pages", f"/{conversation}/messages", fields="id,from,to,message,attachments")["data"]
    assert (theirs["from"]["id"], ours["from"]["id"]) == (face, page_of(site))
    assert ours["to"]["data"][0]["id"] == face
    url = theirs["attachments"]["data"][0]["image_data"]["url"]
    assert httpx.get(url).headers["Content-Type"] == "image/png"
    assert theirs["id"].startswith("m_")


@pytest.mark.parametrize("path", ["/109000000000002/conversations", "/1", "/t_1", "/t_1/messages", "/1/comments"])
def test_what_is_not_there_is_100_33(site: Site, path: str) -> None:
    """§9: object gone or not visible."""
    assert error_of(site.pages.get(path)) == (400, 100, 33)


def test_wrong_paths_and_fields(site: Site) -> None:
    """§8 Error body, also for what the API does not know."""
    assert error_of(site.pages.get("/me/nothing"))[1] == 2500
    assert error_of(site.pages.get("/me", params={"fields": "id,from{"}))[1] == 2500
    assert error_of(httpx.get(site.told["pages"]["url"] + "/nothing"))[1] == 2500


def test_nested_lists_have_cursors_of_their_own(site: Site) -> None:
    """§5.2 fields=messages.limit(20){…}: the cursor of the outer list is not the inner one's; next asks the inner."""
    for name in ("ana", "leo", "eva"):
        for number in range(3):
            site.do("pages/direct", by=f"{name}.test", text=f"{name} {number}")
    path, fields = f"/{page_of(site)}/conversations", "id,messages.limit(2){id,message}"
    first = site.get("pages", path, fields=fields, limit=1)
    second = httpx.get(first["paging"]["next"]).json()
    inner = second["data"][0]["messages"]
    assert [one["message"] for one in inner["data"]] == ["leo 2", "leo 1"]
    before = httpx.URL(second["paging"]["previous"]).copy_set_param("fields", "messages.limit(9){message}")
    back = httpx.get(before).json()["data"][0]["messages"]
    assert [one["message"] for one in back["data"]] == ["eva 2", "eva 1", "eva 0"]
    rest = httpx.get(inner["paging"]["next"]).json()
    assert [one["message"] for one in rest["data"]] == ["leo 0"]
    assert "next" not in rest["paging"]


def test_the_parent_has_the_fields_that_are_asked_for(site: Site) -> None:
    """§3.2 parent{…}: braces choose; a deleted parent is an id alone."""
    top = comment(site, post(site), "hola")
    reply = comment(site, top, "respuesta", by=LEO)
    parent = site.get("pages", f"/{reply}", fields="parent{id,from}")["parent"]
    assert parent == {"id": top, "from": {"name": "Ana Ruizal", "id": parent["from"]["id"]}}
    site.do("pages/delete", id=top)
    assert site.get("pages", f"/{reply}", fields="parent{id,from}")["parent"] == {"id": top}


def test_comments_may_be_nested_in_posts(site: Site) -> None:
    """§3: Graph nests edges in fields."""
    on = post(site)
    made = [comment(site, on, f"n {number}") for number in range(3)]
    fields = "id,comments.filter(stream).limit(2).summary(true){id,message}"
    body = site.get("pages", f"/{page_of(site)}/published_posts", fields=fields)["data"][0]["comments"]
    assert (ids(body), body["summary"]["total_count"]) == (made[:2], 3)
    assert ids(httpx.get(body["paging"]["next"]).json()) == made[2:]
