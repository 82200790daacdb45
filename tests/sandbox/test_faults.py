"""Every fault over bare HTTP, with the line of the platform's document whose answer it gives."""

import json
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.sandbox.site import Site, Until

FAN = "ana_ruizal@plaza.test"
NOTES = "/api/v1/notifications"
STATUSES = "/api/v1/statuses"


def page_post(site: Site) -> str:
    return str(site.do("pages/post", text="Novedades")["id"])


def answered(call: Any) -> bool:
    """Whether a call got any answer at all."""
    try:
        call()
    except httpx.TransportError:
        return False
    return True


@pytest.mark.parametrize("personality", ["feed", "pages"])
def test_an_outage_closes_the_connection_for_a_while(site: Site, until: Until, personality: str) -> None:
    """DESIGN chaos: a 10-minute outage; nothing is answered, nothing accepted."""
    client, path = (site.feed, NOTES) if personality == "feed" else (site.pages, "/me")
    site.fault(personality, "outage", seconds=600)
    assert not answered(lambda: client.get(path))
    site.heal()
    assert answered(lambda: client.get(path))
    site.fault(personality, "outage", seconds=0.3)
    until(lambda: answered(lambda: client.get(path)))
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("kind", "ends"), [("hang_after_accept", 0.2), ("drop_after_accept", 0)])
def test_a_write_may_be_accepted_and_never_answered(site: Site, kind: str, ends: float) -> None:
    """DESIGN chaos: a hang after accepting; the platform has it, the client doesn't know."""
    site.fault("feed", kind, count=1, seconds=ends)
    form = {"status": "hola"}
    assert not answered(lambda: site.feed.post(STATUSES, data=form, headers={"Idempotency-Key": "k"}))
    kept = site.accepted("feed")
    assert [one["text"] for one in kept] == ["hola"]
    # mastodon.md §6: retry with the same key gives the same status
    again = site.feed.post(STATUSES, data=form, headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == kept[0]["id"]
    site.fault("pages", kind, count=1, seconds=ends)
    post = page_post(site)
    assert not answered(lambda: site.pages.post(f"/{post}/comments", data={"message": "hola"}))
    assert len(site.accepted("pages")) == 1
    # facebook.md §9: writes are not idempotent
    site.pages.post(f"/{post}/comments", data={"message": "hola"})
    assert len(site.accepted("pages")) == 2


def test_a_hang_may_end_without_having_accepted(site: Site) -> None:
    """The counterpart: nothing was accepted."""
    site.fault("feed", "hang", count=1, seconds=0.1, on="write")
    assert not answered(lambda: site.feed.post(STATUSES, data={"status": "hola"}))
    assert site.accepted("feed") == []
    assert site.feed.get(NOTES).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("error_500_after_accept", 500), ("error_503_after_accept", 503)])
def test_an_error_after_accepting_says_nothing_about_it(site: Site, kind: str, status: int) -> None:
    """RULES D2: a 5xx after the first byte is unclear."""
    site.fault("feed", kind, count=1)
    assert site.feed.post(STATUSES, data={"status": "hola"}).status_code == status
    assert len(site.accepted("feed")) == 1


def test_server_errors(site: Site) -> None:
    """mastodon.md §8: 5xx often HTML; facebook.md §9: 1 and 2 are transient."""
    site.fault("feed", "error_500", count=1)
    assert site.feed.get(NOTES).status_code == 500
    site.fault("feed", "error_503_html", count=1)
    answer = site.feed.get(NOTES)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    site.fault("pages", "error_500", count=1)
    error = site.pages.get("/me").json()["error"]
    assert (error["code"], error["is_transient"]) == (2, True)
    site.fault("pages", "error_503_html", count=1)
    assert site.pages.get("/me").headers["Content-Type"] == "text/html"
    assert (site.feed.get(NOTES).status_code, site.pages.get("/me").status_code) == (200, 200)


def test_throttling_on_the_feed_is_429_until_its_reset(site: Site) -> None:
    """mastodon.md §7: 429, X-RateLimit-Reset, no Retry-After."""
    site.fault("feed", "rate_limited", minutes=5)
    answer = site.feed.get(NOTES)
    assert (answer.status_code, answer.json()) == (429, {"error": "Too many requests"})
    assert "Retry-After" not in answer.headers
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    wait = _seconds_until(answer.headers["X-RateLimit-Reset"])
    assert 290 < wait <= 301


@pytest.mark.parametrize(
    ("code", "header"),
    [
        (4, "X-App-Usage"),
        (32, "X-Business-Use-Case-Usage"),
        (80001, "X-Business-Use-Case-Usage"),
    ],
)
def test_throttling_on_pages_is_400_with_minutes_in_a_header(site: Site, code: int, header: str) -> None:
    """facebook.md §7: not 429; estimated_time_to_regain_access in minutes, no Retry-After."""
    site.fault("pages", "rate_limited", minutes=7, code=code)
    answer = site.pages.get("/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert "Retry-After" not in answer.headers
    assert header in answer.headers
    usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])[site.told["pages"]["page_id"]][0]
    assert usage["estimated_time_to_regain_access"] == 7


def test_a_dead_token_comes_back_to_life_only_when_restored(site: Site) -> None:
    """mastodon.md §2 and facebook.md §2: 401 invalid_token; 190 with a subcode as 400 or 401."""
    for kind, text in (("dead_token", "The access token is invalid"), ("revoke_token", "The access token was revoked")):
        site.fault("feed", kind)
        answer = site.feed.get(NOTES)
        assert (answer.status_code, answer.json()["error"]) == (401, text)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        site.fault("feed", "restore_token")
        assert site.feed.get(NOTES).status_code == 200
    for kind, status, subcode in (("dead_token", 400, 460), ("revoke_token", 401, 458)):
        site.fault("pages", kind)
        answer = site.pages.get("/me")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["error_subcode"]) == (status, 190, subcode)
        site.fault("pages", "restore_token")
    assert site.pages.get("/me").status_code == 200


def test_a_new_sign_in_ends_the_old_one(site: Site) -> None:
    """Control: reconnecting with a fresh token; sandbox.json follows."""
    for personality, client, path in (("feed", site.feed, NOTES), ("pages", site.pages, "/me")):
        fresh = site.do(f"{personality}/token")["access_token"]
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {fresh}"}).status_code == 200
        told = json.loads((site.data / "sandbox.json").read_text())
        assert told[personality]["access_token"] == fresh


def test_a_missing_permission(site: Site) -> None:
    """mastodon.md §2: 403 outside the authorized scopes; facebook.md §9: 10, 200-299."""
    site.fault("feed", "missing_permission", on="write")
    answer = site.feed.post(STATUSES, data={"status": "hola"})
    assert (answer.status_code, answer.json()["error"]) == (403, "This action is outside the authorized scopes")
    assert site.feed.get(NOTES).status_code == 200
    site.fault("pages", "missing_permission", code=10, path="/conversations")
    page = site.told["pages"]["page_id"]
    assert site.pages.get(f"/{page}/conversations").json()["error"]["code"] == 10
    assert site.pages.get("/me").status_code == 200


def test_a_refusal_has_the_platforms_reason_and_accepts_nothing(site: Site) -> None:
    """mastodon.md §8: 422, do not retry; facebook.md §9: 100, 368, 551, 1609005."""
    site.fault("feed", "refuse", count=1, reason="Validation failed: spam")
    answer = site.feed.post(STATUSES, data={"status": "hola"})
    assert (answer.status_code, answer.json()) == (422, {"error": "Validation failed: spam"})
    post = page_post(site)
    site.fault("pages", "refuse", count=1, code=368, reason="You are blocked for now")
    error = site.pages.post(f"/{post}/comments", data={"message": "hola"}).json()["error"]
    assert (error["code"], error["message"]) == (368, "(#368) You are blocked for now")
    assert site.accepted("feed") == site.accepted("pages") == []


def test_unreadable_answers(site: Site) -> None:
    """RULES E3: one bad item is set aside and the rest goes on; a bad page leaves the cursor."""
    site.fault("feed", "malformed_item", count=1)
    assert site.feed.get(NOTES).json() == []  # it waits for an answer that has an item
    for number in range(2):
        site.do("feed/mention", by=FAN, text=f"pregunta {number}")
    bad, good = site.feed.get(NOTES).json()
    assert (bad["created_at"], good["status"]["visibility"]) == ("not a date", "public")
    site.fault("feed", "malformed_json", count=1)
    with pytest.raises(json.JSONDecodeError):
        site.feed.get(NOTES).json()
    post = page_post(site)
    site.do("pages/comment", by="ana.ruizal.test", on=post, text="hola")
    site.fault("pages", "malformed_item", count=1)
    bad = site.pages.get(f"/{post}/comments").json()["data"][0]
    assert (bad["created_time"], bad["message"]) == ("not a date", 7)
    assert site.ledger("SELECT DISTINCT is_intact FROM carried") == [{"is_intact": 0}]
    site.get("feed", NOTES)
    assert len(site.ledger("SELECT DISTINCT is_intact FROM carried")) == 2


def test_duplicates_and_another_order(site: Site) -> None:
    """DESIGN chaos: duplicates, reordering."""
    made = [site.do("feed/mention", by=FAN, text=f"pregunta {number}")["id"] for number in range(8)]
    site.fault("feed", "duplicates", count=1)
    assert len(site.get("feed", NOTES)) == 16
    site.fault("feed", "reorder")
    found = [one["status"]["id"] for one in site.get("feed", NOTES)]
    assert sorted(found) == sorted(made)
    assert found != made[::-1]


def test_a_page_that_repeats(site: Site) -> None:
    """RULES E3: a page that repeats."""
    for number in range(6):
        site.do("feed/mention", by=FAN, text=f"pregunta {number}")
    site.fault("feed", "repeat_page")
    first = site.feed.get(NOTES, params={"limit": 2})
    assert site.feed.get(first.links["next"]["url"]).json() == first.json()
    post = page_post(site)
    for number in range(3):
        site.do("pages/comment", by="ana.ruizal.test", on=post, text=f"hola {number}")
    site.fault("pages", "repeat_page")
    page = site.get("pages", f"/{post}/comments", filter="stream", limit=2)
    again = site.pages.get(page["paging"]["next"]).json()
    assert [one["id"] for one in again["data"]] == [one["id"] for one in page["data"]]
    assert "next" in again["paging"]


def test_a_dead_account_may_answer_with_empty_lists(site: Site) -> None:
    """RULES E4: 200 with an empty list; only verify tells (mastodon.md §2, facebook.md §3: a token of a person)."""
    site.do("feed/mention", by=FAN, text="hola")
    post = page_post(site)
    site.do("pages/comment", by="ana.ruizal.test", on=post, text="hola")
    for personality in ("feed", "pages"):
        site.fault(personality, "empty_200")
    assert site.get("feed", NOTES) == []
    assert site.get("pages", f"/{post}/comments") == {"data": []}
    assert site.feed.get("/api/v1/accounts/verify_credentials").status_code == 403
    assert site.pages.get("/me").json()["error"]["code"] == 190
    site.heal()
    assert len(site.get("feed", NOTES)) == 1


@pytest.mark.parametrize("seconds", [600, -600])
def test_the_platforms_clock_may_be_wrong(site: Site, seconds: int) -> None:
    """DESIGN chaos: skew is the sandbox's Date and times, ±10 min; the ledger knows both times."""
    site.fault("feed", "clock_skew", seconds=seconds)
    made = site.do("feed/mention", by=FAN, text="hola")["id"]
    answer = site.feed.get(NOTES)
    assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time() - seconds) < 3
    note = answer.json()[0]
    assert abs(_seconds_until(note["created_at"]) - seconds) < 3
    row = site.ledger("SELECT * FROM message_version WHERE item_id = ?", made)[0]
    assert abs(row["published_at"] - time.time()) < 3
    assert abs(row["told_arrived_at"] - row["published_at"] - seconds) < 1
    assert row["skew_seconds"] == seconds


def test_an_accepted_reply_becomes_readable_later(site: Site, until: Until) -> None:
    """DESIGN chaos: an accepted reply becomes visible after 0 to 30 s."""
    post = page_post(site)
    site.fault("pages", "lookup_lag_seconds", seconds=600, exact=True)
    hidden = site.pages.post(f"/{post}/comments", data={"message": "mucho después"}).json()["id"]
    site.heal()
    site.fault("pages", "lookup_lag_seconds", seconds=0.4)
    made = site.pages.post(f"/{post}/comments", data={"message": "hola"}).json()["id"]
    until(lambda: [one["id"] for one in site.get("pages", f"/{post}/comments", filter="stream")["data"]] == [made])
    assert site.pages.get(f"/{hidden}").json()["error"]["error_subcode"] == 33
    long, short = (row["lag"] for row in site.ledger("SELECT visible_at - accepted_at AS lag FROM accepted"))
    assert 599 < long < 601
    assert 0 <= short <= 0.4


def test_an_accepted_reply_can_not_be_looked_up(site: Site) -> None:
    """DESIGN chaos: or can't be looked up: the look fails, it does not say absent."""
    parent = site.do("feed/mention", by=FAN, text="hola")["id"]
    own = f"/api/v1/accounts/{site.told['feed']['account_id']}/statuses"
    site.fault("feed", "no_lookup")
    made = site.feed.post(STATUSES, data={"status": "hola", "in_reply_to_id": parent}).json()["id"]
    for path in (own, f"{STATUSES}/{made}", f"{STATUSES}/{parent}/context"):
        assert site.feed.get(path).status_code == 503
    assert site.feed.get(NOTES).status_code == 200
    site.heal()
    assert [one["id"] for one in site.get("feed", own)] == [made]
    post = page_post(site)
    site.fault("pages", "no_lookup")
    site.pages.post(f"/{post}/comments", data={"message": "hola"})
    assert site.pages.get(f"/{post}/comments").json()["error"]["code"] == 2
    site.heal()
    site.fault("pages", "no_lookup", mode="absent")
    assert site.get("pages", f"/{post}/comments") == {"data": []}


def test_a_reply_may_be_put_elsewhere(site: Site) -> None:
    """mastodon.md §10: becomes a top-level post; check that the answer's in_reply_to_id is what was asked."""
    parent = site.do("feed/mention", by=FAN, text="hola")["id"]
    site.fault("feed", "misplace", count=1)
    body = site.feed.post(STATUSES, data={"status": "hola", "in_reply_to_id": parent}).json()
    assert body["in_reply_to_id"] is None
    row = site.accepted("feed")[0]
    assert (row["wanted_parent_id"], row["parent_id"]) == (parent, None)
    post = page_post(site)
    comment = site.do("pages/comment", by="ana.ruizal.test", on=post, text="hola")["id"]
    site.fault("pages", "misplace", count=1)
    made = site.pages.post(f"/{comment}/comments", data={"message": "hola"}).json()["id"]
    assert "parent" not in site.get("pages", f"/{made}", fields="id,parent")


def test_counted_and_skipping_faults(site: Site) -> None:
    """A fault strikes after `skip` requests, `count` times, and is told to the ledger."""
    site.fault("feed", "error_500", count=2, skip=1)
    codes = [site.feed.get(NOTES).status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    changes = [row["change"] for row in site.ledger("SELECT change FROM fault ORDER BY rowid")]
    assert changes == ["added", "cleared"]
    assert site.control.get("/sandbox/faults").json() == {"faults": []}


def test_slow_answers_come_all_the_same(site: Site) -> None:
    """A slow platform."""
    site.fault("feed", "slow", count=1, seconds=0.3)
    began = time.monotonic()
    assert site.feed.get(NOTES).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_late_rows(site: Site, until: Until) -> None:
    """mastodon.md §10: rows readable out of id order, for all that is written while it is on."""
    site.fault("feed", "late_rows", seconds=600, exact=True)
    site.do("feed/mention", by=FAN, text="mucho después")
    site.heal()
    site.fault("feed", "late_rows", seconds=0.3)
    made = site.do("feed/mention", by=FAN, text="algo después")["id"]
    until(lambda: [one["status"]["id"] for one in site.get("feed", NOTES)] == [made])


def _seconds_until(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp() - time.time()


def test_a_budget_that_is_nearly_spent(site: Site) -> None:
    """mastodon.md §7: X-RateLimit-Remaining; facebook.md §7: absent headers are normal, slow down at >= 80 %."""
    assert "X-App-Usage" not in site.pages.get("/me").headers
    site.fault("feed", "low_budget", remaining=3)
    site.fault("pages", "low_budget", percent=85)
    assert site.feed.get(NOTES).headers["X-RateLimit-Remaining"] == "3"
    answer = site.pages.get("/me")
    assert json.loads(answer.headers["X-App-Usage"])["call_count"] == 85
    assert site.told["pages"]["page_id"] in json.loads(answer.headers["X-Business-Use-Case-Usage"])
