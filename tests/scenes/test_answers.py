"""What stops a clock and what does not: only an answer that is there, whoever gave it and whenever we learnt of it."""

from tests.scenes.story import Story

POLL = "workers.polling.poll_due"


def test_a_refused_reply_stops_nothing(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=8)
    s.at("12:30").comment()
    s.platform_fails("refuse", count=1)
    s.at("20:00").answer()
    assert "due 11/19/26, 8:30 PM" in s.row()
    s.at("20:31")
    assert s.told() == [
        "18:30 sms Ana: 1 answer falls due soon on Acme Hogar",
        "20:30 sms Ana: 1 person waits too long on Acme Hogar",
    ]
    assert s.clock_card().startswith("Clock was due 11/19/26, 8:30 PM")
    s.answer(text="Abrimos a las nueve.")
    assert "First reply: late by 1 min Rosa" in s.clock_card()
    assert s.alert_log()[-1] == "Over: nobody waits any more"
    s.pass_time(hours=1)
    assert s.told() == []


def test_an_answer_of_which_nobody_knows_whether_it_arrived_stops_nothing_until_it_is_found(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=8, warnings=[])
    s.at("12:30").comment()
    s.platform_fails("drop_after_accept", count=1)
    s.platform_fails("error_500", count=2)
    s.at("20:29").answer()
    assert ", leaving" in s.row() or "leaving" in s.row()
    assert "due 11/19/26, 8:30 PM" in s.row()
    s.at("20:40")
    assert "8 h, in time" in s.clock_card() or "7 h 59 min, in time" in s.clock_card()
    assert s.sla().endswith("1 got it in time (100 %); 0 were late, 0 still wait.")


def test_an_answer_given_at_23_50_and_learnt_of_at_00_05_takes_the_breach_back(story: Story) -> None:
    s = story.begin("2026-11-19 15:00", hours=8, warnings=[])
    s.at("16:00").comment()
    s.at("23:49").platform_fails("outage", minutes=60)
    s.at("23:50").native()
    s.at("00:03")
    assert s.told() == ["00:00 sms Ana: 1 person waits too long on Acme Hogar"]
    assert "not checked since" in s.clock_card()
    assert s.row(view="overdue") != ""
    s.platform_is_well().at("00:05").pass_time(minutes=2)
    assert "First reply: 7 h 50 min, in time on the platform · 11/19/26, 11:50 PM" in s.clock_card()
    assert s.history()[-1] == "Not overdue after all: the answer came in time"
    # The newest alert is that of the channel, which could not be read meanwhile; both are over.
    assert s.alert_log()[-1] == "Over: it works again"
    assert s.sla().endswith("1 got it in time (100 %); 0 were late, 0 still wait.")
    s.pass_time(hours=1)
    assert (s.told(), s.row(view="overdue")) == ([], "")


def test_an_answer_given_at_23_50_and_learnt_of_at_00_05_breaks_no_promise_of_00_10(story: Story) -> None:
    s = story.begin("2026-11-19 15:00", hours=8, warnings=[])
    s.at("16:10").comment()
    s.at("23:49").platform_fails("outage", minutes=60)
    s.at("23:50").native()
    s.at("00:05").platform_is_well().at("00:30")
    assert s.told() == []
    assert s.history() == []
    assert "First reply: 7 h 40 min, in time on the platform" in s.clock_card()


def test_before_anybody_is_called_the_platform_is_asked_once_more(story: Story) -> None:
    s = story.begin("2026-11-19 15:00", hours=8, warnings=[])
    s.at("16:00").comment()
    s.at("23:49").engine.rests.add(POLL)
    s.native().at("00:00")
    s.engine.rests.clear()
    s.pass_time(minutes=5)
    assert (s.told(), s.history()) == ([], [])
    assert "First reply: 7 h 49 min, in time on the platform" in s.clock_card()


def test_reassigning_is_no_answer(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    s.at("16:20").do("assign", assignee_id=s.cast.people["Rosa"])
    assert "due 11/19/26, 4:30 PM" in s.row()
    s.at("16:31").do("assign", assignee_id=s.cast.people["Diego"])
    assert s.told() == ["16:30 sms Ana: 1 person waits too long on Acme Hogar"]
    assert "was due 11/19/26, 4:30 PM" in s.row(view="overdue")
    s.at("16:41")
    assert s.told() == ["16:40 sms Diego: 1 person waits too long on Acme Hogar"]
    assert s.sla().endswith("0 got it in time (0 %); 0 were late, 1 still waits.")
    assert "Earlier waits" not in s.clock_card()


def test_an_answer_that_the_platform_no_longer_has_lets_the_clock_go_on_with_its_start(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    s.at("13:00").answer()
    assert "First reply: 30 min, in time Rosa" in s.clock_card()
    s.at("13:30").platform_deletes_our_answer()
    s.at("14:00").at("14:02").at("14:05")  # a second look an hour after the answer, and one more to be sure
    assert "due 11/19/26, 4:30 PM" in s.row()
    assert s.history()[-1].startswith("The answer no longer stands: the clock goes on as before; due 11/19/26, 4:30 PM")
    s.at("16:31")
    assert s.told() == ["16:30 sms Ana: 1 person waits too long on Acme Hogar"]
