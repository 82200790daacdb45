"""The words in which scenes are told: what happens at which time, and what every page then says.

Times are those of the clock on the wall in the story's zone. Between two events the clock jumps from one moment at
which something is due to the next, at most eight hours, and at each all sweeps run that beat would have named.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.alerts.models import Alert
from inbox.channels import connections
from inbox.channels.opening import open_channel
from inbox.conversations.models import Message
from inbox.members.models import Member
from inbox.notifications.models import NotificationMethod
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Desk, Weekly
from inbox.sla import replanning, saving
from inbox.sla.models import SlaPolicy
from inbox.sla.policies import get_version
from sandbox import fans
from sandbox.fans import Saying
from sandbox.settings import FEED
from tests.factories.fake_platform import Killed
from tests.factories.members import form_token
from tests.fixtures.app import MovingClock
from tests.sandbox.site import Site
from tests.scenes import stops
from tests.scenes.engine import Broker, Engine
from tests.scenes.pages import Browsing, part, words
from tests.scenes.receivers import Heard, Receivers
from tests.scenes.setting import PHONES, Cast, Promise, Waits, make_cast, make_special

QUESTION = "¿Cuándo abren la tienda?"
LONGEST_JUMP = timedelta(hours=8)
# Something is due and nothing comes of it: a sweep that turns in a circle.
MOST_STOPS = 600
_LINK = re.compile(r"https://relevo\.example(/a/\S+)")


@dataclass
class Story:
    """A channel, its people, a promise, and the clock."""

    app: Flask
    session: Session
    clock: MovingClock
    site: Site
    receivers: Receivers
    engine: Engine
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Madrid"))
    asked: dict[str, str] = field(default_factory=dict)  # whose last words are which item of the platform
    channel_id: int = 0
    _told: int = 0

    def begin(self, start: str, zone: str = "Europe/Madrid", *, connects: bool = True, **promise: Any) -> "Story":
        """Let it begin at a time on the wall; what is promised is as `Promise` says."""
        self.zone = ZoneInfo(zone)
        self.clock.at = self._moment(datetime.fromisoformat(start))
        self.cast: Cast = make_cast(self.session, zone, Promise(**promise))
        self.browsing = Browsing(self.app, self.session, self.cast.people)
        self.session.commit()
        return self.connect() if connects else self

    def connect(self) -> "Story":
        """Connect the channel, and let its import be over."""
        told = self.site.told["feed"]
        given = {"service_url": told["url"], "access_token": told["access_token"]}
        settings = self.app.config["RELEVO"]
        # A real channel as far as its alerts go: those of the sandbox are rehearsed and reach nobody.
        signed_in = replace(connections.sign_in(settings, "sandbox_feed", given), is_sandbox=False)
        team = [self.cast.team_id]
        vera = self.cast.people["Vera"]
        self.channel_id = open_channel(self.session, settings, signed_in, member_id=vera, team_ids=team).id
        self.session.commit()
        return self.pass_time(seconds=10)

    def desk(self, *days: tuple[int, int, int], name: str = "Rosa") -> None:
        """Let somebody sit at a desk: weekdays (0 is Monday) from one hour to another."""
        shifts = tuple(Weekly(self.cast.people[name], day, start * 60, end * 60) for day, start, end in days)
        wanted = Wanted("Desk", Desk(shifts, self.zone.key))
        make_rotation(self.session, wanted, self.session.get_one(Member, self.cast.people["Lea"]))
        self.session.commit()

    # The clock.

    def at(self, wall: str) -> "Story":
        """Let time pass until the clock on the wall shows this next: "18:31", or "2026-11-20 18:31"."""
        return self._pass(self._next(wall))

    def pass_time(self, **length: float) -> "Story":
        """Let so much time pass."""
        return self._pass(clock.now() + timedelta(**length))

    def _pass(self, until: datetime) -> "Story":
        assert until >= clock.now(), f"it is later than {until} already"
        for _ in range(MOST_STOPS):
            self._work()
            if clock.now() >= until:
                return self
            latest = min(until, clock.now() + LONGEST_JUMP)
            self.clock.at = stops.find_next(self.session, clock.now(), latest)
            self.session.rollback()
        raise AssertionError(f"something is due at {self.wall()} and is never done")

    def _work(self) -> None:
        self.session.commit()
        self.engine.tick()
        self.session.expire_all()

    def _next(self, wall: str) -> datetime:
        if " " in wall:
            return self._moment(datetime.fromisoformat(wall))
        days = (self.today() + timedelta(days=number) for number in range(3))
        moments = (self._moment(datetime.fromisoformat(f"{day} {wall}")) for day in days)
        return next(at for at in moments if at >= clock.now())

    def _moment(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def wall(self, at: datetime | None = None) -> str:
        """Return what the clock on the wall shows, now or at a moment."""
        return (at or clock.now()).astimezone(self.zone).strftime("%H:%M")

    def today(self) -> date:
        """Return the day that the calendar on the wall shows."""
        return clock.now().astimezone(self.zone).date()

    # What people do.

    def comment(self, by: str = "lucia", text: str = QUESTION) -> "Story":
        """Let a fan ask something; a minute later it has been read."""
        return self.say(by, text).pass_time(seconds=62)

    def say(self, by: str, text: str = QUESTION, *, seconds_ago: float = 0) -> "Story":
        """Let a fan ask something, now or a little while ago, that is read when it is read."""
        at = clock.now().timestamp() - seconds_ago
        given = {"by": f"{by}.example", "text": text, "authored_at": at, "arrived_at": at}
        self.asked[by] = self.site.do("feed/mention", **given)["id"]
        return self

    def asked_before(self, count: int, *, hours: float) -> None:
        """Let many people have asked so long ago."""
        world, at = self.site.running.world, clock.now().timestamp() - hours * 3600
        with world.store.transaction():
            for number in range(count):
                saying = Saying(QUESTION, authored_at=at + number / 100, arrived_at=at + number / 100)
                fans.mention(world, FEED, world.meet(FEED, f"late{number % 50}.example"), saying)

    def native(self, to: str = "lucia", text: str = "A las nueve.") -> "Story":
        """Answer with the platform's own app; nobody here knows yet."""
        self.site.do("feed/native", on=self.asked[to], text=text)
        return self

    def answer(self, to: str = "lucia", text: str = "A las nueve.", by: str = "Rosa") -> "Story":
        """Answer from the composer, and wait until it has left or was refused."""
        self.browsing.send(by, self.conversation(to), text)
        return self.pass_time(seconds=12)

    def do(self, what: str, to: str = "lucia", by: str = "Rosa", **fields: Any) -> "Story":
        """Do something to a conversation by its page: snooze, assign, wake …"""
        self.browsing.post(by, f"/c/{self.conversation(to)}/{what}", **fields)
        return self.pass_time(seconds=0)

    def take(self, by: str) -> "Story":
        """Take the newest alert on its page."""
        self.browsing.post(by, f"/alerts/{self.alert_id()}/acknowledge")
        return self.pass_time(seconds=0)

    def take_by_link(self, whose: str) -> str:
        """Open the link of somebody's newest message and press its button; returns what the page then says."""
        browser, link = self.browsing.stranger(), self.link(whose)
        answer = browser.post(link, headers={"X-CSRFToken": form_token(browser, link)})
        self.pass_time(seconds=0)
        return words(answer.text)

    def scan(self, whose: str) -> None:
        """Open the link as a mail scanner does: everything but the button."""
        browser, link = self.browsing.stranger(), self.link(whose)
        assert [browser.open(link, method=method).status_code for method in ("HEAD", "GET", "GET")] == [200] * 3
        self.pass_time(seconds=5)

    def link(self, whose: str) -> str:
        """Return the path of the link in somebody's newest message."""
        return next(
            found[1] for one in reversed(self._heard()) if self._whom(one) == whose if (found := _LINK.search(one.text))
        )

    def promise(self, *, hours: float, is_running_too: bool = False) -> "Story":
        """Edit the policy: for new ones, or for those who wait as well."""
        session, vera, now = self.session, self.cast.people["Vera"], clock.now()
        policy = session.get_one(SlaPolicy, self.cast.policy_id)
        was = get_version(session, policy.id, policy.version)
        wanted = saving.Wanted(
            was.name,
            int(hours * 3600),
            escalation_policy_id=was.escalation_policy_id,
            seen_version=policy.version,
        )
        saving.save_policy(session, policy, wanted, by_member_id=vera, now=now)
        if is_running_too:
            replanning.begin(session, policy.id, by_member_id=vera, now=now)
        session.commit()
        return self

    def special(self, name: str, *, waits: Waits, **asks: Any) -> "Story":
        """Add a policy for some conversations alone, with whom it calls."""
        was = get_version(self.session, self.cast.policy_id, 1)
        make_special(self.session, self.cast.people, name, was.target_seconds, waits, **asks)
        self.session.commit()
        return self

    def nobody_can_be_reached(self) -> None:
        """Let nobody's method be verified."""
        self.session.execute(update(NotificationMethod).values(verified_at=None, state="unverified"))
        self.session.commit()

    def can_be_reached(self, name: str) -> "Story":
        """Let somebody have verified how they are reached."""
        mine = update(NotificationMethod).where(NotificationMethod.member_id == self.cast.people[name])
        self.session.execute(mine.values(verified_at=clock.now(), state="verified"))
        self.session.commit()
        return self

    # What breaks.

    def platform_fails(self, kind: str, **given: Any) -> "Story":
        """Let the platform do one of its faults from now on (sandbox/faults.py)."""
        self.site.fault("feed", kind, **given)
        return self

    def platform_is_well(self) -> "Story":
        """End all faults of the platform."""
        self.site.heal()
        return self

    def platform_deletes_our_answer(self) -> "Story":
        """Let the platform take down what we sent last."""
        self.site.do("feed/delete", id=self.site.accepted("feed")[-1]["id"], by="platform")
        return self

    @contextmanager
    def worker_is_killed(self, where: str) -> Iterator[None]:
        """Let the worker that comes to a function (module and name) first be killed there, before it does anything."""
        module, name = where.rsplit(".", 1)
        found = getattr(import_module(module), name)
        killed: list[str] = []

        def kill_once(*given: Any, **named: Any) -> Any:
            if not killed:
                killed.append(name)
                raise Killed
            return found(*given, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(where, kill_once)
            yield
        assert killed, f"no worker came to {where}"

    def through(self, broker: Broker) -> Broker:
        """Let tasks come to workers through Redis from now on, nudges too."""
        broker.flush()
        self.engine.bring = broker
        nudges.set_up(self.app, broker.producer)
        return broker

    # What is there to read.

    def told(self) -> list[str]:
        """Return what members were told since this was asked last: when, by what, whom, the first line.

        Without the name of the only platform that plays here, which stands before the channel's.
        """
        heard = self._heard()
        fresh, self._told = heard[self._told :], len(heard)
        lines = [(one, one.text.splitlines()[0].replace("Sandbox feed · ", "")) for one in fresh]
        return [f"{self.wall(one.at)} {one.by} {self._whom(one)}: {line}" for one, line in lines]

    def told_whole(self) -> list[str]:
        """Return what members were told since this was asked last, every word."""
        heard = self._heard()
        fresh, self._told = heard[self._told :], len(heard)
        return [one.text.replace("Sandbox feed · ", "") for one in fresh]

    def _heard(self) -> list[Heard]:
        return self.receivers.heard()

    def _whom(self, one: Heard) -> str:
        numbers = {number: name for name, number in PHONES.items()}
        return numbers.get(one.to) or one.to.partition("@")[0].capitalize()

    def conversation(self, of: str = "lucia") -> int:
        """Return the number of a fan's conversation."""
        found = select(Message.conversation_id).where(Message.external_id == self.asked[of])
        number = self.session.scalars(found).one()
        self.session.rollback()
        return number or 0

    def alert_id(self) -> int:
        """Return the number of the newest alert."""
        number = self.session.scalars(select(Alert.id).order_by(Alert.id.desc()).limit(1)).one()
        self.session.rollback()
        return number

    def row(self, of: str = "lucia", view: str = "everything") -> str:
        """Return what the queue's row says of somebody; empty where the view does not show them."""
        page = self.browsing.get("Rosa", f"/queue?view={view}")
        mark = f'id="row-{self.conversation(of)}"'
        return part(page, mark, "</li>") if mark in page else ""

    def clock_card(self, of: str = "lucia") -> str:
        """Return what the conversation's page says of its clock."""
        return part(self.browsing.get("Rosa", f"/c/{self.conversation(of)}"), 'id="side-clock"', '<h3 id="side-labels"')

    def history(self, of: str = "lucia") -> list[str]:
        """Return the lines of the conversation that tell what happened, without what was said."""
        page = self.browsing.get("Rosa", f"/c/{self.conversation(of)}")
        return [words(one) for one in re.findall(r'class="sys"[^>]*><span>(.*?)</span>', page, re.DOTALL)]

    def alert_log(self, by: str = "Lea") -> list[str]:
        """Return the newest alert's log, oldest line first."""
        page = self.browsing.get(by, f"/alerts/{self.alert_id()}")
        lines = re.findall(r"<li><time[^>]*>.*?</time>(.*?)</li>\s*(?=<li><time|</ol>)", page, re.DOTALL)
        return [words(one) for one in reversed(lines)]

    def alerts(self, by: str = "Vera") -> list[str]:
        """Return the sentences of the alerts that are open or over, as their list has them."""
        page = self.browsing.get(by, "/alerts")
        return sorted(words(one) for one in re.findall(r'<td><a href="/alerts/\d+">(.*?)</a>', page, re.DOTALL))

    def sla(self, by: str = "Lea") -> str:
        """Return the SLA page's plain sentence."""
        return part(self.browsing.get(by, "/sla"), 'class="say"', "</p>")
