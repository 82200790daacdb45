"""Sleeping conversations: the clock stands still only where the policy says so."""

from tests.scenes.story import Story


def test_a_policy_that_pauses_moves_the_deadline_by_the_sleep(story: Story) -> None:
    s = story.begin("2026-11-19 09:00", is_paused_by_snooze=True)
    s.at("10:00").comment()
    s.at("12:00").do("snooze", until="2026-11-20T18:00", zone="Europe/Madrid")
    assert s.clock_card().startswith("Clock paused")
    s.at("10:30").at("17:59")
    assert (s.told(), s.row(view="overdue")) == ([], "")
    s.pass_time(minutes=2)
    assert "due 11/21/26, 4:00 PM" in s.clock_card()
    assert s.history() == [
        "The clock was paused",
        "Rosa snoozed this until 11/20/26, 6:00 PM",
        "The clock goes on; due 11/21/26, 4:00 PM",
        "Relevo woke this",
    ]
    s.at("15:59")
    assert s.told() == ["14:00 sms Ana: 1 answer falls due soon on Acme Hogar"]
    s.pass_time(minutes=2)
    assert s.told() == ["16:00 sms Ana: 1 person waits too long on Acme Hogar"]


def test_a_policy_that_does_not_pause_runs_on_in_its_sleep(story: Story) -> None:
    s = story.begin("2026-11-19 09:00")
    s.at("10:00").comment()
    s.at("12:00").do("snooze", until="2026-11-20T18:00", zone="Europe/Madrid")
    assert "due 11/20/26, 10:00 AM" in s.clock_card()
    s.at("2026-11-20 10:01")
    assert s.told() == [
        "08:00 sms Ana: 1 answer falls due soon on Acme Hogar",
        "10:00 sms Ana: 1 person waits too long on Acme Hogar",
    ]
    assert s.history()[-1] == "The deadline passed: due 11/20/26, 10:00 AM"
    s.answer()
    assert s.alert_log()[-1] == "Over: nobody waits any more"
