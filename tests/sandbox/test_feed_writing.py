"""The feed personality written to over bare HTTP: each test names the line of mastodon.md that it proves."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.sandbox.site import Site, Until

FAN = "ana_ruizal@plaza.test"
STATUSES = "/api/v1/statuses"


def asked(site: Site) -> str:
    """A fan's mention to answer."""
    return str(site.do("feed/mention", by=FAN, text="¿Envían a Soria?")["id"])


def post(site: Site, key: str | None = None, **form: Any) -> httpx.Response:
    return site.feed.post(STATUSES, data=form, headers={"Idempotency-Key": key} if key else {})


def test_a_reply_is_answered_with_its_status(site: Site) -> None:
    """§6: POST /statuses, form or JSON; answers 200 with the Status; the mention makes the card."""
    parent = asked(site)
    for answer in (
        post(site, status=f"@{FAN} Sí, en 48 h", in_reply_to_id=parent, visibility="unlisted"),
        site.feed.post(STATUSES, json={"status": f"@{FAN} En 48 h", "in_reply_to_id": parent}),
    ):
        assert answer.status_code == 200
        body = answer.json()
        assert (body["in_reply_to_id"], body["account"]["acct"]) == (parent, "acme_hogar")
        assert [one["acct"] for one in body["mentions"]] == [FAN]
        assert site.get("feed", f"{STATUSES}/{body['id']}")["content"] == body["content"]
    kept = site.accepted("feed")
    assert [(one["wanted_parent_id"], one["visibility"]) for one in kept] == [(parent, "unlisted"), (parent, "public")]
    assert kept[0]["text"] == f"@{FAN} Sí, en 48 h"
    below = site.get("feed", f"{STATUSES}/{parent}/context")["descendants"]
    assert [one["id"] for one in below] == [one["id"] for one in kept]


def test_an_unknown_parent_is_404_and_nothing_is_posted(site: Site) -> None:
    """§6: in_reply_to_id unknown → 404; the same for a deleted one."""
    parent = asked(site)
    site.do("feed/delete", id=parent)
    for wanted in ("99", parent):
        answer = post(site, status="hola", in_reply_to_id=wanted)
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    assert site.accepted("feed") == []


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("x" * 500, True),
        ("x" * 501, False),
        ("👨‍👩‍👧‍👦" * 500, True),
        ("👨‍👩‍👧‍👦" * 501, False),
        ("x" * 476 + " https://ayuda.example/" + "y" * 300, True),
        ("x" * 477 + " https://ayuda.example/" + "y" * 300, False),
        (f"@ana_ruizal@plaza.test {'x' * 488}", True),
        (f"@ana_ruizal@plaza.test {'x' * 489}", False),
        ("", False),
        ("  \n ", False),
    ],
)
def test_length_counts_graphemes_urls_as_23_and_handles_without_domain(site: Site, text: str, is_fine: bool) -> None:
    """§6 Length: over the limit or empty → 422; `@user@domain` counts as `@user`."""
    asked(site)
    answer = post(site, status=text)
    assert answer.status_code == (200 if is_fine else 422)
    if not is_fine and text.strip():
        assert answer.json() == {"error": "Validation failed: Text character limit of 500 exceeded"}
    assert len(site.accepted("feed")) == int(is_fine)


def test_the_spoiler_counts_too(site: Site) -> None:
    """§6 Length: count = spoiler_text + text."""
    assert post(site, status="x" * 490, spoiler_text="y" * 11).status_code == 422


def test_a_key_posts_once_within_the_hour(site: Site) -> None:
    """§6 Idempotency: a repeat returns the SAME status; another key posts again."""
    parent = asked(site)
    form = {"status": f"@{FAN} Sí", "in_reply_to_id": parent}
    first, second, other = (post(site, key, **form).json()["id"] for key in ("k1", "k1", "k2"))
    assert first == second != other
    assert [one["idempotency_key"] for one in site.accepted("feed")] == ["k1", "k2"]
    assert site.ledger("SELECT item_id FROM repeated") == [{"item_id": first}]


def test_after_the_hour_the_key_is_forgotten(make_site: Any, until: Until) -> None:
    """§6 Idempotency: kept 1 hour; here the hour is shortened by the pace."""
    site = make_site(pace=36000.0)
    first = post(site, "k1", status="hola").json()["id"]
    until(lambda: post(site, "k1", status="hola").json()["id"] != first)


def test_a_parallel_second_request_with_the_key_is_503_or_the_same(site: Site) -> None:
    """§6 Idempotency: newer versions take a lock per key."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(site, "same", status="hola"), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 200}) == 1
    assert len(site.accepted("feed")) == 1


def test_some_servers_ignore_the_key(site: Site) -> None:
    """§10: the same key twice made two posts on GoToSocial, snac and Takahē."""
    site.fault("feed", "ignore_idempotency_key")
    ids = {post(site, "k", status="hola").json()["id"] for _ in range(2)}
    assert len(ids) == len(site.accepted("feed")) == 2


def test_a_direct_reply_reaches_only_who_is_named(site: Site) -> None:
    """§4: anyone mentioned in the text becomes a recipient, nobody else does."""
    parent = site.do("feed/direct", by=FAN, text="en privado")["id"]
    site.do("feed/mention", by="leo@hogares.example", text="yo también existo")
    both = post(site, status=f"@{FAN} y @leo@hogares.example", in_reply_to_id=parent, visibility="direct").json()
    assert both["visibility"] == "direct"
    assert {one["acct"] for one in both["mentions"]} == {FAN, "leo@hogares.example"}
    alone = post(site, status="sin nombrar", in_reply_to_id=parent, visibility="direct").json()
    assert alone["mentions"] == []
    assert [one["recipients"] for one in site.ledger("SELECT recipients FROM accepted")][1] == "[]"


def test_an_unknown_handle_stays_plain_text(site: Site) -> None:
    """§6: a reply must contain @acct of the person; only known people become mentions."""
    body = post(site, status="hola @nadie@lugar.example").json()
    assert body["mentions"] == []
    assert "@nadie@lugar.example" in body["content"]


def test_liking_twice_is_liking_once(site: Site) -> None:
    """§6 Like: favourite and unfavourite are naturally idempotent."""
    parent = asked(site)
    for _ in range(2):
        assert site.feed.post(f"{STATUSES}/{parent}/favourite").json()["favourited"] is True
    assert site.control.get(f"/sandbox/feed/items/{parent}").json()["liked"] is True
    assert site.feed.post(f"{STATUSES}/{parent}/unfavourite").json()["favourited"] is False
    assert site.feed.post(f"{STATUSES}/1/favourite").status_code == 404


def test_only_our_own_can_be_deleted(site: Site) -> None:
    """§6: DELETE own answers it with its text; there is NO way to delete someone else's reply."""
    parent = asked(site)
    mine = post(site, status="borrador <b>").json()["id"]
    assert site.feed.delete(f"{STATUSES}/{mine}").json()["text"] == "borrador <b>"
    assert site.feed.get(f"{STATUSES}/{mine}").status_code == 404
    assert site.feed.delete(f"{STATUSES}/{mine}").status_code == 404
    assert site.feed.delete(f"{STATUSES}/{parent}").status_code == 404
    assert site.feed.get(f"{STATUSES}/{parent}").status_code == 200
    assert site.ledger("SELECT item_id, removed_by FROM removal") == [{"item_id": mine, "removed_by": "api"}]


def test_our_own_can_be_edited(site: Site) -> None:
    """§6: PUT /statuses/:id."""
    mine = post(site, status="hola").json()["id"]
    body = site.feed.put(f"{STATUSES}/{mine}", data={"status": "adiós"}).json()
    assert (body["content"], body["edited_at"] is not None) == ("<p>adiós</p>", True)
    assert site.feed.put(f"{STATUSES}/{asked(site)}", data={"status": "x"}).status_code == 404


def test_posting_tells_its_own_limit(site: Site) -> None:
    """§7: 300 statuses / 3 h; deleting 30 / 30 min."""
    mine = post(site, status="hola")
    assert mine.headers["X-RateLimit-Limit"] == "300"
    gone = site.feed.delete(f"{STATUSES}/{mine.json()['id']}")
    assert gone.headers["X-RateLimit-Limit"] == "30"


def test_a_native_answer_comes_without_the_api(site: Site) -> None:
    """Control: the brand's own app answers; it stands in the context and is not among the accepted."""
    parent = asked(site)
    made = site.do("feed/native", on=parent, text="Sí, claro")
    below = site.get("feed", f"{STATUSES}/{parent}/context")["descendants"]
    assert [one["id"] for one in below] == [made["id"]]
    assert [one["acct"] for one in below[0]["mentions"]] == [FAN]
    assert site.accepted("feed") == []
