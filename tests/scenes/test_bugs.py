"""The scenes can fail: each planted bug of clocks and alerts is noticed by the scene that is named for it."""

import pytest
from flask import Flask

from tests.scenes.bugs import BUGS
from tests.scenes.story import Story


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_noticed_by_its_scene(
    app: Flask, story: Story, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bug = BUGS[name]
    bug.plant(monkeypatch, app)
    with pytest.raises(AssertionError) as noticed:
        bug.scene(story)
    assert "is never done" not in str(noticed.value), "the scene went round in a circle instead of reading a page"
