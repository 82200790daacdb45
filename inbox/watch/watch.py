"""What a process that serves pages knows of the engine: the last finding, and since when it serves."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy.orm import Session

from inbox import clock
from inbox.security import new_token
from inbox.watch.judging import Finding
from inbox.watch.queries import find_stopped

_NAME = "watch"
FRESH_SECONDS = 15.0


@dataclass
class Watch:
    """Kept for each application; `serving_since` None: it watches over nothing (tests, commands, streams)."""

    serving_since: datetime | None = None
    holder: str = field(default_factory=new_token)
    found: Finding | None = None

    def look(self, session: Session) -> Finding:
        """Judge now, and remember it."""
        self.found = find_stopped(session, clock.now(), self.serving_since)
        return self.found

    def recall(self, session: Session) -> Finding:
        """Return what the thread that watches found some seconds ago; where there is none, judge."""
        found = self.found
        if found is None or abs((clock.now() - found.at).total_seconds()) > FRESH_SECONDS:
            return self.look(session)
        return found


def set_up(app: Flask) -> None:
    """Give the application a watch that nobody has begun."""
    app.extensions[_NAME] = Watch()


def watch_of(app: Flask) -> Watch:
    """Return an application's watch."""
    found: Watch = app.extensions[_NAME]
    return found


def current_watch() -> Watch:
    """Return the watch of the application in whose context this is asked."""
    return watch_of(current_app)
