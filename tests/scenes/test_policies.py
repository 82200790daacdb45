"""An edited policy: what waits keeps the promise that it was given, unless a lead says that it shall not."""

from tests.scenes.story import Story


def test_an_edit_for_new_ones_leaves_those_who_wait(story: Story) -> None:
    s = story.begin("2026-11-19 09:00", hours=24)
    s.at("10:00").comment("lucia")
    s.at("12:00").promise(hours=2)
    s.comment("marta")
    assert "due 11/20/26, 10:00 AM" in s.row("lucia")
    assert "due 11/19/26, 2:00 PM" in s.row("marta")
    s.do("assign", "lucia", assignee_id=s.cast.people["Rosa"])
    s.at("14:01")
    assert s.told() == ["14:00 sms Ana: 1 person waits too long on Acme Hogar"]
    s.answer("marta").at("2026-11-20 09:59").answer("lucia")
    assert "First reply: 23 h 59 min, in time" in s.clock_card("lucia")
    assert s.told() == ["08:00 mail Rosa: 1 answer falls due soon on Acme Hogar"]  # the edit has no warnings


def test_an_edit_for_those_who_wait_too_moves_their_deadlines_both_ways(story: Story) -> None:
    s = story.begin("2026-11-19 09:00", hours=24, warnings=[])
    s.at("10:00").comment()
    s.at("15:00").promise(hours=4, is_running_too=True)
    s.pass_time(minutes=1)
    assert s.told() == ["15:00 sms Ana: 1 person waits too long on Acme Hogar"]
    assert "was due 11/19/26, 2:00 PM" in s.row(view="overdue")
    s.at("15:05").promise(hours=8, is_running_too=True)
    s.pass_time(minutes=1)
    assert "due 11/19/26, 6:00 PM" in s.row()
    assert (s.row(view="overdue"), s.alert_log()[-1]) == ("", "Over: nobody waits any more")
    assert "No longer overdue: due 11/19/26, 6:00 PM" in s.history()
    s.at("17:59")
    assert s.told() == []
    s.pass_time(minutes=2)
    assert s.told() == ["18:00 sms Ana: 1 person waits too long on Acme Hogar"]
