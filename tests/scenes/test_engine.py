"""What breaks beside the desk: workers that are killed, a broker that forgets, two beats, a provider that is away."""

from tests.scenes.engine import Broker
from tests.scenes.story import Story

LATE = "1 person waits too long on Acme Hogar"


def test_a_worker_killed_between_two_steps_takes_none_along(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    s.at("16:35")
    assert s.told() == [f"16:30 sms Ana: {LATE}"]
    with s.worker_is_killed("workers.alerting.give_turn"):
        s.at("16:40").pass_time(seconds=10)
    assert s.told() == []
    s.at("16:42")
    assert s.told() == [f"16:41 sms Diego: {LATE}"]
    s.at("16:50")
    assert s.told() == []
    assert s.alert_log()[-2:] == ["Step 2: Diego is being told text message: arrived", "Diego was reached"]


def test_a_worker_killed_while_it_writes_a_breach_down_leaves_it_to_the_next(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    with s.worker_is_killed("inbox.sla.breaches.raise_for"):
        s.at("16:30").pass_time(seconds=1)
    assert s.history() == []
    s.pass_time(minutes=1)
    assert s.told() == [f"16:30 sms Ana: {LATE}"]
    assert s.history() == ["The deadline passed: due 11/19/26, 4:30 PM"]


def test_a_worker_killed_after_the_provider_took_the_message_says_it_again_and_says_so(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    with s.worker_is_killed("inbox.notifications.settle.write_sent"):
        s.at("16:30").pass_time(seconds=30)
    assert s.told() == [f"16:30 sms Ana: {LATE}"]
    s.at("16:39")
    (again,) = s.told_whole()
    assert LATE in again
    assert "This may have reached you before: the first answer was lost." in again


def test_a_broker_that_forgets_everything_delays_nothing(story: Story, redis_url: str) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    broker = s.through(Broker(redis_url))
    s.at("12:30").comment()
    s.at("16:29").engine.is_working = False
    s.at("16:31")
    assert broker.count() > 0
    broker.flush()
    s.engine.is_working = True
    s.pass_time(seconds=10)
    assert s.told() == [f"16:31 sms Ana: {LATE}"]
    s.at("16:41").pass_time(seconds=10)
    broker.flush()
    s.answer().pass_time(minutes=30)
    assert s.told() == [f"16:41 sms Diego: {LATE}"]
    assert s.alert_log()[-1] == "Over: nobody waits any more"


def test_two_beats_tell_everybody_once(story: Story, redis_url: str) -> None:
    s = story.begin("2026-11-19 16:20", hours=1, warnings=[{"before_seconds": 1800}])
    s.through(Broker(redis_url))
    s.engine.beats = 2
    s.desk(*((day, 9, 18) for day in range(5)))
    s.at("16:30").comment()
    s.at("17:42").answer()
    s.pass_time(minutes=1)
    assert sorted(s.told()) == [
        "17:00 mail Rosa: 1 falls due before 09:00, when the next shift begins",
        "17:00 sms Ana: 1 answer falls due soon on Acme Hogar",
        f"17:30 sms Ana: {LATE}",
        f"17:40 sms Diego: {LATE}",
    ]
    assert s.history() == [f"{what} due 11/19/26, 5:30 PM" for what in ("A warning was given:", "The deadline passed:")]
    assert len(s.site.accepted("feed")) == 1


def test_a_provider_that_is_away_leads_to_the_next_who_can_be_reached(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4, warnings=[])
    s.at("12:30").comment()
    s.at("16:29").receivers.is_down = True
    s.at("16:33")
    assert s.told() == [f"16:31 mail Lea: {LATE}"]
    s.receivers.is_down = False
    s.at("16:45")
    assert s.told() == [f"16:41 sms Diego: {LATE}"]


def test_a_warning_that_reached_nobody_is_not_told(story: Story) -> None:
    s = story.begin("2026-11-19 12:00", hours=4)
    s.nobody_can_be_reached()
    s.at("12:30").comment()
    s.at("14:40")
    assert s.told() == []
    assert "Nobody could be reached" in " ".join(s.alert_log("Vera"))
    s.can_be_reached("Ana").pass_time(minutes=6)
    assert [one[5:] for one in s.told()] == [" sms Ana: 1 answer falls due soon on Acme Hogar"]
