"""What pages say of the engine: the banner above each of them, and the words for parts and sweeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from markupsafe import Markup

from inbox.addresses import known_url
from inbox.database import db
from inbox.desk.marks import at
from inbox.languages import gettext as _
from inbox.languages import later as _l
from inbox.members.models import Member
from inbox.watch.judging import Finding, Part
from inbox.watch.letters import short
from inbox.watch.watch import current_watch

_SWEEPS: Mapping[str, str] = {
    "sending.send_due": _l("Replies that are due"),
    "sending.look_due": _l("Replies whose answer was lost"),
    "notifying.notify_due": _l("Notifications that are due"),
    "notifying.trace_due": _l("What became of notifications"),
    "polling.poll_due": _l("What is new on the channels"),
    "polling.verify_due": _l("Whether the accounts still work"),
    "alerting.advance_due": _l("Alerts, and who is told next"),
    "timers.sweep_due": _l("Deadlines"),
    "upkeep.recheck_due": _l("Second looks at messages"),
    "upkeep.wake_due": _l("Snoozed conversations whose time has come"),
    "upkeep.turn_held_back": _l("Answers given on the platform"),
    "upkeep.join_missed": _l("Threads that belong together"),
    "upkeep.look_for_silence": _l("Channels that are oddly quiet"),
    "upkeep.read_feeds": _l("Feeds of calendars"),
    "upkeep.propose_holidays": _l("Public holidays of the years to come"),
    "upkeep.erase_due": _l("What must be erased"),
}


@dataclass(frozen=True)
class Banner:
    """A part of the engine that stands still, above every page."""

    title: Markup | str
    text: str
    url: str | None


def set_up(app: Flask) -> None:
    """Give templates the banner; it costs nothing where it is not shown."""
    app.jinja_env.globals.update(engine_banner=find_banner, engine_sentence=find_sentence)


def find_banner(member: Member | None) -> Banner | None:
    """Return the banner, None while everything moves; admins are led to the details."""
    found = current_watch().recall(db.session())
    if found.part is None:
        return None
    is_admin = member is not None and member.is_admin
    what = _for_admins(found.part) if is_admin else _("Tell whoever looks after the server.")
    return Banner(title_of(found), f"{_means(found)} {what}", known_url("watch.index") if is_admin else None)


def find_sentence() -> Markup | str:
    """Return in one sentence whether everything moves, for a line on a page."""
    found = current_watch().recall(db.session())
    return _("Everything that Relevo does by itself is being done.") if found.is_well else title_of(found)


def title_of(found: Finding) -> Markup | str:
    """Say what stands still, and since when."""
    since: datetime | None = found.since_at
    if since is None:
        if found.part is Part.EVERYTHING:
            return _("Nothing has been checked since Relevo was started.")
        return _("A part of Relevo has stood still since it was started.")
    sentences = {
        Part.EVERYTHING: _("Nothing has been checked since %(time)s.", time=at(since)),
        Part.SENDING: _("No reply and no alert has left since %(time)s.", time=at(since)),
        Part.READING: _("No channel has been read since %(time)s.", time=at(since)),
        Part.SOME: _("A part of Relevo has stood still since %(time)s.", time=at(since)),
    }
    return Markup(sentences[found.part or Part.SOME])  # noqa: S704  # our own words around a <time>


def sweep_word(name: str) -> str:
    """Say what a sweep looks after."""
    word = _SWEEPS.get(short(name))
    return _(word) if word else short(name)


def _means(found: Finding) -> str:
    if found.part is Part.SOME:
        return _("Not done: %(what)s.", what=" · ".join(sweep_word(one.name) for one in found.stopped))
    return {
        Part.EVERYTHING: _("What people write is not seen here, no reply leaves, and nobody is told of deadlines."),
        Part.SENDING: _("Replies wait, and nobody is told of deadlines."),
        Part.READING: _("What people write is not seen here."),
    }[found.part or Part.EVERYTHING]


def _for_admins(part: Part) -> str:
    return {
        Part.EVERYTHING: _("Look on the server whether beat, the workers and Redis run."),
        Part.SENDING: _("Look on the server whether the worker that sends runs."),
        Part.READING: _("Look on the server whether the worker that reads runs."),
        Part.SOME: _("The workers' logs on the server say what they fail at."),
    }[part]
