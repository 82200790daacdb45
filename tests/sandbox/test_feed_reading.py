"""The feed personality read over bare HTTP: each test names the line of mastodon.md that it proves."""

import time
from typing import Any

import httpx
import pytest

from tests.sandbox.site import Site, Until

FAN = "ana_ruizal@plaza.test"
NOTES = "/api/v1/notifications"


def mention(site: Site, text: str, **more: Any) -> str:
    return str(site.do("feed/mention", by=more.pop("by", FAN), text=text, **more)["id"])


def status_ids(answer: httpx.Response) -> list[str]:
    return [one["status"]["id"] for one in answer.json()]


def test_instance_tells_version_and_limits_without_a_token(site: Site) -> None:
    """§1: /api/v2/instance without auth; §1: /api/v1/instance has a Deprecation header."""
    v2 = httpx.get(site.told["feed"]["url"] + "/api/v2/instance")
    limits = v2.json()["configuration"]["statuses"]
    assert (v2.status_code, limits["max_characters"], limits["characters_reserved_per_url"]) == (200, 500, 23)
    assert v2.json()["api_versions"]["mastodon"] == 11
    v1 = httpx.get(site.told["feed"]["url"] + "/api/v1/instance")
    assert v1.status_code == 200
    assert v1.headers["Deprecation"] == "@1668384000"


def test_verify_credentials_says_whose_token_it_is(site: Site) -> None:
    """§2 Health check: own id, acct, source.privacy; the other token belongs to another account."""
    me = site.get("feed", "/api/v1/accounts/verify_credentials")
    assert (me["id"], me["acct"], me["source"]["privacy"]) == (
        site.told["feed"]["account_id"],
        site.told["feed"]["acct"],
        "public",
    )
    other = {"Authorization": f"Bearer {site.told['feed']['other_access_token']}"}
    answer = site.feed.get("/api/v1/accounts/verify_credentials", headers=other)
    assert answer.json()["id"] != me["id"]
    assert site.feed.get(NOTES, headers=other).json() == []


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic wrong"])
def test_a_wrong_token_is_401_invalid_token(site: Site, token: str) -> None:
    """§2 Dead token: 401 and error="invalid_token" in WWW-Authenticate."""
    answer = site.feed.get(NOTES, headers={"Authorization": token})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.json() == {"error": "The access token is invalid"}


def test_a_mention_is_a_notification_with_its_status(site: Site) -> None:
    """§3 and §5: id, type, created_at, account, status; ids are strings, times ISO with ms and Z."""
    made = mention(site, "¿Tenéis tienda en Soria?\nGracias", pictures=1)
    note = site.get("feed", NOTES)[0]
    assert (note["type"], note["status"]["id"], note["account"]["acct"]) == ("mention", made, FAN)
    status = note["status"]
    assert status["content"] == (
        f'<p><span class="h-card" translate="no"><a href="{site.told["feed"]["url"]}/@acme_hogar" '
        'class="u-url mention">@<span>acme_hogar</span></a></span> ¿Tenéis tienda en Soria?<br />Gracias</p>'
    )
    assert status["mentions"][0]["acct"] == "acme_hogar"
    assert status["visibility"] == "public"
    assert status["edited_at"] is None
    assert len(status["created_at"]) == 24
    assert status["created_at"].endswith("Z")
    picture = httpx.get(status["media_attachments"][0]["url"])
    assert picture.content.startswith(b"\x89PNG\r\n")
    assert status["account"]["uri"] == "https://plaza.test/users/ana_ruizal"


def test_pages_are_newest_first_with_limit_and_link(site: Site) -> None:
    """§3 Pagination: newest first, default 40, at most 80; Link next and prev, absent on an empty page."""
    made = [mention(site, f"pregunta {number}") for number in range(85)]
    assert status_ids(site.feed.get(NOTES)) == made[::-1][:40]
    assert status_ids(site.feed.get(NOTES, params={"limit": 500})) == made[::-1][:80]
    first = site.feed.get(NOTES, params={"limit": 30, "types[]": "mention"})
    assert first.links["prev"]["url"].startswith(site.told["feed"]["url"] + NOTES)
    second = site.feed.get(first.links["next"]["url"])
    third = site.feed.get(second.links["next"]["url"])
    assert status_ids(first) + status_ids(second) + status_ids(third) == made[::-1]
    empty = site.feed.get(third.links["next"]["url"])
    assert empty.json() == []
    assert "Link" not in empty.headers


def test_min_id_is_the_page_immediately_newer_and_since_id_the_newest(site: Site) -> None:
    """§3 Pagination: since_id leaves a hole, min_id does not; inside a page newest first."""
    made = [mention(site, f"pregunta {number}") for number in range(6)]
    oldest = site.get("feed", NOTES)[-1]["id"]
    assert status_ids(site.feed.get(NOTES, params={"min_id": oldest, "limit": 2})) == [made[2], made[1]]
    assert status_ids(site.feed.get(NOTES, params={"since_id": oldest, "limit": 2})) == [made[5], made[4]]
    assert status_ids(site.feed.get(NOTES, params={"max_id": oldest})) == []


def test_types_can_be_chosen_and_unknown_types_come(site: Site) -> None:
    """§3 types[] and exclude_types[]; other notifications than mentions have or have not a status."""
    mention(site, "hola")
    post = site.do("feed/post", text="Novedades")["id"]
    site.do("feed/notice", type="follow", by=FAN)
    site.do("feed/notice", type="favourite", by=FAN, on=post)
    kinds = [one["type"] for one in site.get("feed", NOTES)]
    assert kinds == ["favourite", "follow", "mention"]
    assert "status" not in site.get("feed", NOTES)[1]
    assert [one["type"] for one in site.get("feed", NOTES, **{"types[]": "mention"})] == ["mention"]
    left = site.get("feed", NOTES, **{"exclude_types[]": ["mention", "follow"]})
    assert [one["type"] for one in left] == ["favourite"]


def test_private_mentions_of_strangers_are_filtered(site: Site) -> None:
    """§3 Trap: only with include_filtered=true; an answer to our own private status is not filtered."""
    made = site.do("feed/direct", by=FAN, text="en privado")
    assert site.get("feed", NOTES) == []
    note = site.get("feed", NOTES, include_filtered="true")[0]
    assert (note["status"]["id"], note["status"]["visibility"]) == (made["id"], "direct")
    site.do("feed/native", on=made["id"], direct=FAN, text="te ayudamos")
    more = site.do("feed/direct", by=FAN, text="gracias")
    assert [one["status"]["id"] for one in site.get("feed", NOTES)] == [more["id"]]
    assert more["parent_id"] is not None


def test_a_row_may_become_readable_after_a_higher_id(site: Site, until: Until) -> None:
    """§3 Pagination and §10: ids are assigned before the row is visible."""
    never = mention(site, "mucho después", visible_after_seconds=600)
    late = mention(site, "tarde", visible_after_seconds=0.3)
    early = mention(site, "pronto")
    assert early in status_ids(site.feed.get(NOTES))
    assert site.feed.get(f"/api/v1/statuses/{never}").status_code == 404
    until(lambda: len(site.get("feed", NOTES)) == 2)
    notes = site.get("feed", NOTES)
    assert [one["status"]["id"] for one in notes] == [early, late]
    assert int(notes[0]["id"]) > int(notes[1]["id"])


def test_a_reply_that_drops_the_mention_is_only_in_the_context(site: Site) -> None:
    """§3: replies that drop the mention are found only by walking /context of our own posts."""
    post = site.do("feed/post", text="¿Qué cocináis hoy?")["id"]
    one = site.do("feed/comment", by=FAN, on=post, text="lentejas", mention_us=False)
    other = site.do("feed/comment", by="leo@hogares.example", on=one["id"], text="qué ricas", mention_us=False)
    below = site.get("feed", f"/api/v1/statuses/{post}/context")["descendants"]
    assert [each["id"] for each in below] == [one["id"], other["id"]]
    assert [each["in_reply_to_id"] for each in below] == [post, one["id"]]
    above = site.get("feed", f"/api/v1/statuses/{other['id']}/context")["ancestors"]
    assert [each["id"] for each in above] == [post, one["id"]]
    noted = [each["status"]["id"] for each in site.get("feed", NOTES)]
    # the first names us as the author of the post, the second only its fan
    assert noted == [one["id"]]


def test_an_edit_sets_edited_at_and_notifies_nobody(site: Site) -> None:
    """§5 Edited: history has every version, no new notification."""
    made = mention(site, "pedido 1234")
    before = site.get("feed", NOTES)
    site.do("feed/edit", id=made, text="pedido 5678")
    after = site.get("feed", NOTES)
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert after[0]["status"]["edited_at"] is not None
    assert "5678" in after[0]["status"]["content"]
    history = site.get("feed", f"/api/v1/statuses/{made}/history")
    assert ["1234" in history[0]["content"], "5678" in history[1]["content"]] == [True, True]


def test_a_deleted_status_is_404_and_its_notification_vanishes(site: Site) -> None:
    """§5 Deleted: 404 `Record not found`; the batch read leaves it out."""
    gone, kept = mention(site, "lo borro"), mention(site, "se queda")
    site.do("feed/delete", id=gone)
    answer = site.feed.get(f"/api/v1/statuses/{gone}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    assert status_ids(site.feed.get(NOTES)) == [kept]
    batch = site.get("feed", "/api/v1/statuses", **{"id[]": [gone, kept, "1"]})
    assert [one["id"] for one in batch] == [kept]


def test_what_is_not_for_us_is_404(site: Site) -> None:
    """§5: 404 also means not visible to you."""
    hidden = site.do("feed/mention", by=FAN, text="hola", audience="private")["id"]
    assert site.feed.get(f"/api/v1/statuses/{hidden}").status_code == 200
    post = site.do("feed/post", text="hola")["id"]
    other = site.do("feed/comment", by=FAN, on=post, text="a ti", audience="private")
    further = site.do("feed/comment", by=FAN, on=other["id"], text="solo mío", audience="private", mention_us=False)
    assert site.feed.get(f"/api/v1/statuses/{further['id']}").status_code == 404


def test_source_is_for_own_statuses_only(site: Site) -> None:
    """§5: /source gives the plain text of OWN posts."""
    post = site.do("feed/post", text="Hola <b> & todos")["id"]
    assert site.get("feed", f"/api/v1/statuses/{post}/source")["text"] == "Hola <b> & todos"
    assert "&lt;b&gt; &amp; todos" in site.get("feed", f"/api/v1/statuses/{post}")["content"]
    assert site.feed.get(f"/api/v1/statuses/{mention(site, 'x')}/source").status_code == 403


def test_links_are_shortened_in_spans(site: Site) -> None:
    """§5 content: links have span.invisible and span.ellipsis."""
    made = mention(site, "mira https://ayuda.example/una/pagina/muy/larga/de/verdad y dime")
    content = site.get("feed", f"/api/v1/statuses/{made}")["content"]
    assert '<span class="invisible">https://</span><span class="ellipsis">' in content
    assert 'href="https://ayuda.example/una/pagina/muy/larga/de/verdad"' in content


def test_own_statuses_are_listed_newest_first(site: Site) -> None:
    """§6: GET /accounts/<own id>/statuses with min_id is where a lost reply is looked for."""
    made = [site.do("feed/post", text=f"post {number}")["id"] for number in range(3)]
    path = f"/api/v1/accounts/{site.told['feed']['account_id']}/statuses"
    assert [one["id"] for one in site.get("feed", path)] == made[::-1]
    assert [one["id"] for one in site.get("feed", path, min_id=made[0], limit=1)] == [made[1]]
    assert site.feed.get(path.replace(site.told["feed"]["account_id"], "9")).status_code == 404


def test_back_dated_statuses_keep_their_time_and_arrive_now(site: Site) -> None:
    """§5 created_at is the author's; the notification's created_at is ours."""
    mention(site, "de ayer", authored_at=time.time() - 90000)
    note = site.get("feed", NOTES)[0]
    assert note["status"]["created_at"] < note["created_at"]


def test_every_answer_tells_the_rate_limit(site: Site) -> None:
    """§7: X-RateLimit-* on every answer, the reset as an ISO 8601 time; paging counts in its own family."""
    plain = site.feed.get("/api/v1/accounts/verify_credentials")
    assert plain.headers["X-RateLimit-Limit"] == "300"
    assert int(plain.headers["X-RateLimit-Remaining"]) < 300
    assert plain.headers["X-RateLimit-Reset"].endswith("Z")
    assert "Date" in plain.headers


def test_paging_above_300_in_15_minutes_is_429_without_retry_after(site: Site) -> None:
    """§7: any request with a cursor counts against 300 / 15 min; 429 has no Retry-After."""
    codes: list[int] = []
    # twice as many and one, so that a window that ends meanwhile does no harm
    while 429 not in codes and len(codes) < 602:
        last = site.feed.get(NOTES, params={"min_id": "1", "limit": 1})
        codes.append(last.status_code)
    assert set(codes[:-1]) == {200}
    assert len(codes) > 300
    assert (last.status_code, last.json()) == (429, {"error": "Too many requests"})
    assert "Retry-After" not in last.headers
    assert last.headers["X-RateLimit-Remaining"] == "0"
