"""The ledger: what a judge will compare; it tells every version, every answer that carried it, every acceptance."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import httpx
import pytest

from tests.sandbox.site import Site

ANA = {"feed": "ana_ruizal@plaza.test", "pages": "ana.ruizal.test"}


def test_every_version_and_the_answers_that_carried_it(site: Site) -> None:
    """DESIGN chaos: the ledger notes which answers carried each version."""
    made = site.do("feed/mention", by=ANA["feed"], text="uno")["id"]
    site.get("feed", "/api/v1/notifications")
    site.do("feed/edit", id=made, text="dos")
    for _ in range(2):
        site.get("feed", "/api/v1/notifications")
    site.do("feed/delete", id=made)
    site.get("feed", "/api/v1/notifications")
    versions = site.ledger("SELECT * FROM message_version ORDER BY version_no")
    assert [(one["version_no"], one["text"], one["mentions_us"], one["is_ours"]) for one in versions] == [
        (1, "@acme_hogar uno", 1, 0),
        (2, "@acme_hogar dos", 1, 0),
    ]
    carried = site.ledger(
        "SELECT version_no, path, status FROM carried JOIN request USING (request_no) ORDER BY request_no"
    )
    assert [one["version_no"] for one in carried] == [1, 2, 2]
    assert {(one["path"], one["status"]) for one in carried} == {("/feed/api/v1/notifications", 200)}
    assert len(site.ledger("SELECT * FROM request")) == 4
    assert site.ledger("SELECT item_id FROM removal") == [{"item_id": made}]


def test_an_answer_without_the_text_carries_nothing(site: Site) -> None:
    """Pages: fields decide what an answer holds."""
    post = site.do("pages/post", text="Novedades")["id"]
    made = site.do("pages/comment", by=ANA["pages"], on=post, text="hola")["id"]
    site.get("pages", f"/{post}/comments", fields="id")
    assert site.ledger("SELECT * FROM carried") == []
    site.get("pages", f"/{post}/comments", fields="id,message")
    assert [one["item_id"] for one in site.ledger("SELECT item_id FROM carried")] == [made]


def test_a_dropped_answer_carries_nothing(site: Site) -> None:
    """The connection was closed before the answer."""
    site.do("feed/mention", by=ANA["feed"], text="uno")
    site.fault("feed", "error_500", count=1)
    site.feed.get("/api/v1/notifications")
    assert site.ledger("SELECT * FROM carried") == []
    assert site.ledger("SELECT status, fault FROM request") == [{"status": 500, "fault": "error_500"}]
    site.fault("feed", "drop_after_accept")
    with pytest.raises(httpx.TransportError):
        site.feed.post("/api/v1/statuses", data={"status": "hola"})
    assert site.ledger("SELECT * FROM carried") == []
    assert site.ledger("SELECT is_delivered FROM request ORDER BY request_no DESC LIMIT 1") == [{"is_delivered": 0}]


def test_no_token_reaches_the_ledger(site: Site) -> None:
    """Secrets never reach logs."""
    token = site.told["pages"]["access_token"]
    site.get("pages", "/me", access_token=token, fields="id")
    assert site.ledger("SELECT query FROM request") == [{"query": "fields=id"}]
    text = (site.data / "ledger.sqlite-wal").read_bytes() + (site.data / "ledger.sqlite").read_bytes()
    assert token.encode() not in text


@pytest.mark.parametrize("deed", ["UPDATE accepted SET text = 'x'", "DELETE FROM accepted"])
def test_it_is_append_only(site: Site, deed: str) -> None:
    """Nobody rewrites what happened."""
    site.feed.post("/api/v1/statuses", data={"status": "hola"})
    with closing(sqlite3.connect(site.data / "ledger.sqlite")) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(deed)
    assert site.accepted("feed")[0]["text"] == "hola"


def test_what_was_not_yet_copied_is_copied_at_the_next_start(make_site: Callable[..., Site]) -> None:
    """A kill between the state's commit and the ledger's loses nothing and doubles nothing."""
    first = make_site()
    made = first.do("feed/mention", by=ANA["feed"], text="uno")["id"]
    first.running.stop()
    with closing(sqlite3.connect(first.data / "sandbox.sqlite")) as db:
        db.execute(
            "INSERT INTO journal (kind, body) VALUES ('removal', ?)",
            (f'{{"personality": "feed", "item_id": "{made}", "removed_at": 1.0, "removed_by": "author"}}',),
        )
        # and one that the ledger has already, but that could not be struck off any more
        db.execute("INSERT INTO journal (n, kind, body) VALUES (1, 'message_version', '{}')")
        db.commit()
    second = make_site()
    assert second.ledger("SELECT item_id FROM removal") == [{"item_id": made}]
    assert len(second.ledger("SELECT * FROM message_version")) == 1
    second.do("feed/mention", by=ANA["feed"], text="dos")
    assert len(second.ledger("SELECT * FROM message_version")) == 2
