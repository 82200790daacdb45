"""Traffic: alive at once, plausible, varied, the same for the same seed; fans come back after an answer."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import phrases
from tests.sandbox.site import Site, Until

BOTH = pytest.mark.parametrize("personality", ["feed", "pages"])


def items_of(site: Site, personality: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.control.get(f"/sandbox/{personality}/items?limit=5000").json()["items"]
    return found


@pytest.mark.parametrize("language", ["es", "en"])
def test_there_are_many_phrases(language: str) -> None:
    """At least 150 different templates a language, all of which can be filled."""
    templates = {one for group in phrases.BOOKS[language].values() for one in group}
    assert len(templates) >= 150
    chance = random.Random(1)
    assert all("{" not in phrases.fill(chance, language, one) for one in templates)


def test_both_languages_have_the_same_kinds() -> None:
    """So that a fan of either language may do everything."""
    assert set(phrases.BOOKS["es"]) == set(phrases.BOOKS["en"])


@BOTH
def test_a_new_sandbox_begins_with_a_past(make_site: Callable[..., Site], personality: str) -> None:
    """About 25 open comments and messages of the last hours, some answered before; none of it twice."""
    site = make_site(is_traffic_on=True, rate_per_minute=0.001)
    found = items_of(site, personality)
    answered = {one["parent_id"] for one in found if one["ours"]}
    open_ones = [one for one in found if not one["ours"] and one["id"] not in answered and not one["deleted"]]
    assert 25 <= len(open_ones) <= 40
    assert sum(one["ours"] and one["parent_id"] is None and one["visibility"] == "public" for one in found) == 6
    now = site.control.get("/sandbox/state").json()["now"]
    assert sum(now - one["authored_at"] < 9 * 3600 for one in open_ones) >= 25
    assert any(one["version_no"] > 1 for one in found)
    again = len(found)
    site.running.stop()
    assert len(items_of(make_site(is_traffic_on=True, rate_per_minute=0.001), personality)) == again


def test_all_fans_are_invented(make_site: Callable[..., Site]) -> None:
    """DESIGN: handles end in .example or .test."""
    site = make_site(is_traffic_on=True, rate_per_minute=60000.0)
    for personality in ("feed", "pages"):
        fans = {one["by"] for one in items_of(site, personality) if not one["ours"]}
        assert len(fans) > 15
        assert all(re.search(r"\.(example|test)$", one) for one in fans)


@BOTH
def test_traffic_does_everything(make_site: Callable[..., Site], until: Until, personality: str) -> None:
    """Comments, threads, mentions, private messages; edits, deletions, pictures, emoji alone; both languages."""
    site = make_site(is_traffic_on=True, rate_per_minute=100.0, pace=2000.0, seed=3)
    for _ in range(400):
        site.running.traffic.happen(personality)
    until(lambda: any(one["deleted"] for one in items_of(site, personality)))
    found = items_of(site, personality)
    fans = [one for one in found if not one["ours"]]
    assert sum(one["visibility"] == "direct" for one in fans) > 20
    assert sum(one["version_no"] > 1 for one in fans) > 5
    assert sum(bool(one["pictures"]) for one in fans) > 10
    assert any(one["text"].split()[-1] in phrases.EMOJI for one in fans)
    assert any("¿" in one["text"] for one in fans)
    assert any(re.search(r"\b(the|you|order)\b", one["text"]) for one in fans)
    known = {one["id"]: one for one in found}
    in_threads = [one for one in fans if one["parent_id"] in known and not known[one["parent_id"]]["ours"]]
    assert len(in_threads) > 20
    assert any(one["ours"] and one["parent_id"] for one in found)
    assert len({one["text"] for one in fans}) > 200


def test_the_same_seed_says_the_same(make_site: Callable[..., Site]) -> None:
    """Deterministic by seed, another seed says something else."""

    def said(folder: str, seed: int) -> list[tuple[str, str]]:
        site = make_site(folder, is_traffic_on=True, rate_per_minute=0.001, seed=seed)
        for _ in range(30):
            site.running.traffic.happen("feed")
        return [(one["by"], one["text"]) for one in items_of(site, "feed") if one["version_no"] == 1]

    first, same, other = said("a", 7), said("b", 7), said("c", 8)
    assert first == same
    assert first != other


def test_a_fan_comes_back_after_our_answer(make_site: Callable[..., Site], until: Until) -> None:
    """Some thank, some ask again, some time after the reply was accepted."""
    site = make_site(is_traffic_on=True, rate_per_minute=0.001, pace=3600.0)
    asked = [one for one in items_of(site, "pages") if one["kind"] == "comment" and not one["ours"]]
    answers = [
        site.pages.post(f"/{one['id']}/comments", data={"message": "Lo miramos"}).json()["id"] for one in asked[:15]
    ]
    known = {one["id"] for one in items_of(site, "pages")}
    back = until(lambda: [one for one in items_of(site, "pages") if one["id"] not in known])
    assert len(answers) == 15
    assert {one["by"] for one in back} <= {one["by"] for one in asked}
    texts = {one for book in phrases.BOOKS.values() for one in book["thanks"]}
    until(lambda: any(one["text"] in texts for one in items_of(site, "pages") if one["id"] not in known))


def test_traffic_can_be_switched_and_hurried(site: Site, until: Until) -> None:
    """POST /sandbox/traffic."""
    assert items_of(site, "feed") == []
    told = site.do("traffic", on=True, rate_per_minute=3000)
    assert (told["on"], told["rate_per_minute"]) == (True, 3000.0)
    until(lambda: len(items_of(site, "feed")) > 3 and len(items_of(site, "pages")) > 3)
    assert site.do("traffic", on=False)["on"] is False
    assert site.control.post("/sandbox/traffic", json={"rate_per_minute": 0}).status_code == 422
