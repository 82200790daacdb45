"""One comment at 18:31: warned of, called out, missed, told by phone, taken, gone on with, and answered."""

import pytest

from tests.scenes.story import Story

DUE = "11/20/26, 6:31 PM"


@pytest.mark.parametrize("is_by_link", [False, True], ids=["by the page", "by the link"])
def test_from_the_comment_to_the_second_phone_and_the_answer(story: Story, *, is_by_link: bool) -> None:
    from_comment_to_answer(story, is_by_link=is_by_link)


def by_link(story: Story) -> None:
    """Tell it with the alert taken by the link."""
    from_comment_to_answer(story, is_by_link=True)


def by_page(story: Story) -> None:
    """Tell it with the alert taken on its page."""
    from_comment_to_answer(story, is_by_link=False)


def from_comment_to_answer(story: Story, *, is_by_link: bool) -> None:
    """Tell the whole day."""
    s = story.begin("2026-11-19 12:00")
    s.desk(*((day, 9, 18) for day in range(5)))
    s.at("18:31").comment()
    assert s.clock_card().startswith(f"Clock due {DUE} First reply Standard , since 11/19/26, 6:31 PM , due {DUE}")
    s.at("17:30")
    assert s.told() == [
        "16:31 sms Ana: 1 answer falls due soon on Acme Hogar",
        "17:00 mail Rosa: 1 falls due before Mon 23 Nov 09:00, when the next shift begins",
    ]
    assert s.history() == [f"A warning was given: due {DUE}"]
    assert f"due {DUE}" in s.row(view="due_today")
    s.at("18:30")
    assert (s.told(), s.row(view="overdue")) == ([], "")
    s.pass_time(minutes=2)
    assert s.told() == ["18:31 sms Ana: 1 person waits too long on Acme Hogar"]
    assert f"was due {DUE}" in s.row(view="overdue")
    assert s.clock_card().startswith(f"Clock was due {DUE}")
    assert s.history()[-1] == f"The deadline passed: due {DUE}"
    assert s.sla().endswith("0 got it in time (0 %); 0 were late, 1 still waits.")
    _from_the_second_phone_on(s, is_by_link=is_by_link)


def _from_the_second_phone_on(s: Story, *, is_by_link: bool) -> None:
    s.at("18:44")
    assert s.told() == ["18:41 sms Diego: 1 person waits too long on Acme Hogar"]
    if is_by_link:
        s.scan("Diego")
        assert s.alert_log()[-1] == "Diego was reached"
        assert "You have it" in s.take_by_link("Diego")
    else:
        s.take("Diego")
    s.at("19:14")
    assert s.told() == []
    s.pass_time(minutes=1)
    assert s.told() == ["19:14 mail Vera: 1 person waits too long on Acme Hogar"]
    s.at("19:20").answer()
    assert s.alert_log() == [
        "Raised",
        "Step 1: Ana is being told text message: arrived",
        "Ana was reached",
        "Step 2: Diego is being told text message: arrived",
        "Diego was reached",
        "Diego took it, by the link" if is_by_link else "Diego took it, in the browser",
        "Still there: the steps go on",
        "Step 3: Vera is being told e-mail: arrived",
        "Vera was reached",
        "Over: nobody waits any more",
    ]
    assert (", their turn ," in s.row(), s.row(view="overdue")) == (True, "")
    assert "Earlier waits First reply: late by 49 min Rosa · 11/20/26, 7:20 PM" in s.clock_card()
    assert s.sla().endswith("0 got it in time (0 %); 1 was late, 0 still wait.")
    s.pass_time(days=1)
    assert s.told() == []
