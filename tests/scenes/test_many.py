"""Many at once: one alert, one summary, and never more messages than somebody can read."""

from inbox.notifications.models import QuietHours
from tests.scenes.story import Story

WARNING, BREACH = "answer falls due soon on Acme Hogar", "people wait too long on Acme Hogar"


def test_many_breaches_are_one_alert_a_channel_and_escalation_policy(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.special("Urgent", priorities=("urgent",), waits=(("Diego", 0),))
    for number in range(20):
        s.say(f"fan{number}")
    s.pass_time(seconds=62)
    for number in range(5):
        s.do("priority", f"fan{number}", priority="urgent")
    s.at("15:59")
    assert s.told() == []
    s.at("16:03")
    assert s.told() == [f"16:00 sms Ana: 15 {BREACH}", f"16:00 sms Diego: Urgent: 5 {BREACH}"]
    assert [one.partition(" too long")[0] for one in s.alerts()] == ["15 people wait", "Urgent: 5 people wait"]


def late_ones(story: Story, count: int) -> None:
    """Let so many people have asked ten hours before the channel is connected."""
    s = story.begin("2026-11-19 18:00", hours=4, connects=False)
    s.asked_before(count, hours=10)
    s.connect().at("18:10")
    assert s.told() == [f"18:00 sms Ana: {count} people have waited on Acme Hogar since before it was connected"]
    assert len(s.alerts()) == 1
    s.at("2026-11-20 10:00")
    assert s.told() == []
    assert s.sla() == "Nobody's answer was due in the last 7 days."


def some_late_ones(story: Story) -> None:
    """Tell it with few."""
    late_ones(story, 30)


def test_an_import_of_5_000_late_ones_is_one_summary_and_no_siren(story: Story) -> None:
    late_ones(story, 5000)


def test_one_message_a_minute_eleven_an_hour_and_the_first_alert_jumps_the_queue(story: Story) -> None:
    s = story.begin("2026-11-19 08:00", hours=4, warnings=[{"before_seconds": 2 * 3600}])
    s.at("08:10").comment("first")  # due at 12:10, in the middle of the others' warnings
    s.at("10:14")
    for number in range(28):  # two a minute since ten, who are warned of from noon on
        s.say(f"fan{number}", seconds_ago=14 * 60 - 30 * number)
    s.pass_time(seconds=62).at("12:09").pass_time(seconds=50)
    early, *warned = s.told()
    assert early == f"10:10 sms Ana: 1 {WARNING}"
    assert [one[:5] for one in warned] == [f"12:{minute:02}" for minute in range(10)]
    assert warned[-1] == "12:09 sms Ana: 2 answers fall due soon on Acme Hogar"
    s.at("12:11")
    assert s.told() == ["12:10 sms Ana: 1 person waits too long on Acme Hogar (and 1 more)"]
    s.answer("first").at("12:59")
    assert s.told() == []
    s.pass_time(minutes=2)
    (held,) = s.told()
    assert held.startswith("13:00 sms Ana: ")


def test_quiet_hours_hold_warnings_until_the_morning_and_no_alert(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=8, warnings=[{"before_seconds": 600}])
    quiet = QuietHours(member_id=s.cast.people["Ana"], from_minute=20 * 60, until_minute=23 * 60 + 10)
    s.session.add(quiet)
    s.session.commit()
    s.at("15:00").comment("lucia")
    s.at("15:05").comment("marta")
    s.at("22:59")
    assert s.told() == []
    s.at("23:02")
    assert s.told() == ["23:00 sms Ana: 1 person waits too long on Acme Hogar"]
    # Whom she was to be warned of in the morning has been told as late by then: a warning after that says nothing.
    s.answer("lucia").at("23:12")
    assert s.told() == ["23:05 sms Ana: 1 person waits too long on Acme Hogar"]
