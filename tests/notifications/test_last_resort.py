"""The last resort is spoken to in its own language where it is a member's mail, else in all that Relevo speaks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.escalation import notices
from inbox.notifications.last_resort import languages_of
from inbox.notifications.letters import open_notice
from inbox.notifications.models import Notification
from inbox.notifications.queue import notify_last_resort
from inbox.settings import Settings
from inbox.watch import letters
from inbox.watch.judging import Finding, Part
from inbox.watch.told import Told
from tests.factories.basics import make_member
from tests.fixtures.app import START, MovingClock

ENGLISH = "3 people wait too long on Acme"
SPANISH = "3 personas esperan demasiado en Acme"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://pager.example/hook", ("en", "es")),
        ("mailto:Nina@acme.example?subject=x", ("es",)),
        ("mailto:browser@acme.example", ("en", "es")),
        ("mailto:gone@acme.example", ("en", "es")),
        ("mailto:nobody@acme.example", ("en", "es")),
    ],
)
def test_its_languages(session: Session, moving_clock: MovingClock, url: str, expected: tuple[str, ...]) -> None:
    make_member(session, email="nina@acme.example", locale="es")
    make_member(session, email="browser@acme.example")
    make_member(session, email="gone@acme.example", locale="es", deactivated_at=START)
    assert languages_of(session, url) == expected


@pytest.mark.parametrize(
    ("url", "subject", "language"),
    [("mailto:nina@acme.example", SPANISH, "es"), ("https://pager.example/hook", f"{ENGLISH} · {SPANISH}", "en")],
)
def test_an_alert_is_told_in_them(
    app: Flask,
    session: Session,
    moving_clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    subject: str,
    language: str,
) -> None:
    make_member(session, email="nina@acme.example", locale="es")
    settings: Settings = app.config["RELEVO"]
    monkeypatch.setitem(app.config, "RELEVO", replace(settings, last_resort_url=url))
    facts = notices.Facts(7, "breach", "Acme", 3, START - timedelta(hours=1), is_urgent=False, is_reminder=False)
    assert notify_last_resort(session, notices.maker(facts, "UTC", None), alert_id=7, now=clock.now()) == 1
    row = session.scalars(select(Notification)).one()
    assert (row.subject, row.language) == (subject, language)
    assert len(open_notice(row).notice.lines) == (1 if language == "es" else 2)


def test_the_engine_is_told_of_in_them(app: Flask) -> None:
    found = Finding(START, (), (), Part.SENDING, START)
    letter = letters.stopped(app.config["RELEVO"], found, Told(), START, ("en", "es"))
    assert letter.subject == (
        "Relevo: no reply and no alert has left since 20 Nov 2026, 12:00 UTC"
        " · Relevo: no ha salido ninguna respuesta ni alerta desde el 20 nov 2026, 12:00 UTC"
    )
    assert letter.lines[0] == "Replies wait, and nobody is told of deadlines."
    assert letter.lines[2].startswith("Las respuestas esperan y ")
    alone = letters.well(app.config["RELEVO"], Told(told_at=START), START, ("es",))
    assert (alone.subject, alone.language) == ("Relevo: todo se comprueba de nuevo", "es")
    assert "20 nov 2026, 12:00 UTC" in alone.lines[0]
