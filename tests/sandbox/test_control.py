"""The control API: what journeys use to be the fans and the brand's own app."""

from typing import Any

import httpx
import pytest

from tests.sandbox.site import Site, Until

ANA = {"feed": "ana_ruizal@plaza.test", "pages": "ana.ruizal.test"}
BOTH = pytest.mark.parametrize("personality", ["feed", "pages"])


def fields(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer x"])
def test_only_the_control_token_opens_it(site: Site, token: str) -> None:
    """DESIGN: loopback with a random token."""
    for path in ("/sandbox/state", "/sandbox/feed/accepted"):
        assert httpx.get(site.told["url"] + path, headers={"Authorization": token}).status_code == 401
    assert len(site.told["control_token"]) >= 40
    platform = {"Authorization": f"Bearer {site.told['feed']['access_token']}"}
    assert httpx.get(site.told["url"] + "/sandbox/state", headers=platform).status_code == 401


@BOTH
def test_an_item_from_birth_to_end(site: Site, personality: str) -> None:
    """Comment, edit, delete; its state is told with its versions, also when it is gone."""
    post = site.do(f"{personality}/post", text="Novedades", pictures=2)
    assert fields(post, "ours", "accepted", "version_no") == (True, False, 1)
    assert len(post["pictures"]) == 2
    made = site.do(f"{personality}/comment", by=ANA[personality], name="Ana R.", on=post["id"], text="hola")
    assert fields(made, "by", "deleted") == (ANA[personality], False)
    site.do(f"{personality}/edit", id=made["id"], text="adiós", pictures=1)
    site.do(f"{personality}/delete", id=made["id"], by="platform")
    state = site.control.get(f"/sandbox/{personality}/items/{made['id']}").json()
    assert fields(state, "deleted", "version_no") == (True, 2)
    assert [one["text"].split()[-1] for one in state["versions"]] == ["hola", "adiós"]
    assert len(state["pictures"]) == 1
    listed = site.control.get(f"/sandbox/{personality}/items", params={"by": ANA[personality]}).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert site.ledger("SELECT removed_by FROM removal") == [{"removed_by": "platform"}]


@BOTH
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("comment", {"by": "ana.test", "on": "9", "text": "x"}),
        ("comment", {"by": "ana.com", "on": "9", "text": "x"}),
        ("mention", {"by": "ana@real.org", "text": "x"}),
        ("mention", {"text": "x"}),
        ("native", {"text": "x"}),
        ("edit", {"id": "9", "text": "x"}),
        ("thread", {"by": "ana.test", "count": 3, "edits": 9}),
    ],
)
def test_wrong_input_is_422_and_changes_nothing(site: Site, personality: str, path: str, body: Any) -> None:
    """Handles end in .example or .test; unknown ids are refused."""
    before = site.control.get("/sandbox/state").json()[personality]
    answer = site.control.post(f"/sandbox/{personality}/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert site.control.get("/sandbox/state").json()[personality] == before


def test_wrong_faults_and_bodies_are_refused(site: Site) -> None:
    """A misspelt fault must not look as if it were on."""
    bodies: list[Any] = [{"personality": "feed", "kind": "nothing"}, {"personality": "x", "kind": "outage"}, {}, []]
    for body in bodies:
        assert site.control.post("/sandbox/faults", json=body).status_code == 422
    assert site.control.post("/sandbox/x/post", json={"text": "x"}).status_code == 404
    assert site.control.get("/sandbox/faults").json() == {"faults": []}


@BOTH
def test_a_400_message_thread_with_edits_deletions_and_pictures(site: Site, personality: str) -> None:
    """One call makes the thread; its end can be read, what was deleted can't."""
    made = site.do(f"{personality}/thread", by=ANA[personality], count=400, edits=30, deletions=20, pictures=10)
    assert [len(made[name]) for name in ("ids", "edited_ids", "deleted_ids", "picture_ids")] == [400, 30, 20, 10]
    every = [*made["edited_ids"], *made["deleted_ids"], *made["picture_ids"]]
    assert len(set(every)) == 60
    if personality == "feed":
        body = site.get("feed", f"/api/v1/statuses/{made['root_id']}/context")["descendants"]
        found = {one["id"]: one["content"] for one in body}
    else:
        found, url = {}, f"/{made['post_id']}/comments?filter=stream&limit=100&fields=id,message,parent"
        while url:
            page = site.pages.get(url).json()
            found.update({one["id"]: one["message"] for one in page["data"]})
            url = page["paging"].get("next", "")
        found.pop(made["root_id"])
    assert set(found) == set(made["ids"][1:]) - set(made["deleted_ids"])
    assert all("(corregido)" in found[one] for one in made["edited_ids"])


@BOTH
def test_edits_and_deletions_may_come_after_the_thread_was_read(site: Site, until: Until, personality: str) -> None:
    """churn_after_seconds, or the call churn later."""
    texts = [f"mensaje {number}" for number in range(6)]
    post = site.do(f"{personality}/post", text="Novedades")["id"]
    made = site.do(
        f"{personality}/thread",
        by=ANA[personality],
        messages=texts,
        on=post,
        edits=1,
        deletions=1,
        churn_after_seconds=0.2,
        others=["leo.test"],
    )
    assert made["post_id"] == post

    def state(item_id: str) -> dict[str, Any]:
        found: dict[str, Any] = site.control.get(f"/sandbox/{personality}/items/{item_id}").json()
        return found

    later = site.do(f"{personality}/thread", by=ANA[personality], count=3, deletions=1, churn_after_seconds=600)
    assert fields(state(later["deleted_ids"][0]), "deleted", "version_no") == (False, 1)
    until(lambda: state(made["deleted_ids"][0])["deleted"] and state(made["edited_ids"][0])["version_no"] == 2)
    rest = [one for one in made["ids"][1:] if one not in made["deleted_ids"]]
    site.do(f"{personality}/churn", edit_ids=rest[:2], delete_ids=rest[2:])
    assert [state(one)["deleted"] for one in rest] == [False, False, True, True]


@BOTH
def test_a_comment_on_what_is_gone_or_private_goes_where_it_belongs(site: Site, personality: str) -> None:
    """A fan may go on in a private exchange."""
    first = site.do(f"{personality}/direct", by=ANA[personality], text="hola")
    more = site.do(f"{personality}/comment", by=ANA[personality], on=first["id"], text="¿hay alguien?")
    assert fields(more, "visibility", "thread_id") == ("direct", first["thread_id"])


def test_a_private_exchange_may_be_a_new_one_on_the_feed(site: Site) -> None:
    """direct continues the last exchange unless `new`."""
    first, second = (site.do("feed/direct", by=ANA["feed"], text="hola") for _ in range(2))
    other = site.do("feed/direct", by=ANA["feed"], text="hola", new=True)
    assert first["thread_id"] == second["thread_id"] != other["thread_id"]


def test_state_counts(site: Site) -> None:
    """A glance at everything."""
    site.do("feed/mention", by=ANA["feed"], text="hola")
    site.fault("feed", "slow", seconds=0)
    state = site.control.get("/sandbox/state").json()
    assert state["feed"] == {"items": 1, "accepted": 0, "deleted": 0, "from_fans": 1}
    assert state["traffic"]["on"] is False
    assert [one["kind"] for one in state["faults"]] == ["slow"]
