"""Relevo: the inbox of a social team. `create_app` is the only place that knows every subject.

Whoever needs one module of it, the launcher and each process's command line, does not wait for Flask.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from inbox.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

_HERE = Path(__file__).parent


def create_app(
    settings: Settings | None = None,
    *,
    busy_seconds: float = 5.0,
    most_connections: int = 35,
    has_pages: bool = True,
) -> "Flask":
    """Make the web application; `busy_seconds` is how long SQLite waits for another writer (then 503).

    `most_connections` is how many this process opens to PostgreSQL at most; whoever comes then waits for one.
    `has_pages` False: database, nudges and announcements alone, for workers, which need no more of it.
    Raises Invalid when the settings can't be used.
    """
    from flask import Flask

    from inbox import logs
    from inbox.numbers import RowId

    settings = settings or Settings.from_environ()
    logs.set_up()
    app = Flask("inbox", template_folder=str(_templates()), static_folder=str(_HERE / "static"))
    app.url_map.converters["int"] = RowId
    app.config["RELEVO"] = settings
    app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
    _set_up_database(app, settings, busy_seconds, most_connections)
    _set_up_calls(app, settings)
    if has_pages:
        _set_up_web(app)
        _register_subjects(app)
    return app


def _templates() -> Path:
    packaged = _HERE / "templates"
    return packaged if packaged.is_dir() else _HERE.parent / "templates"


def _set_up_database(app: "Flask", settings: Settings, busy_seconds: float, most_connections: int) -> None:
    from inbox import disk, tables  # noqa: F401  # every model must be known before the first mapper is used
    from inbox.database import db, engine_options, set_up_engine

    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url, busy_seconds, most_connections)
    db.init_app(app)
    with app.app_context():
        set_up_engine(db.engine, busy_seconds)
        disk.watch(db.engine, settings)


def _set_up_calls(app: "Flask", settings: Settings) -> None:
    """Say where it is announced that there is something new, and where tasks are named."""
    from inbox import nudges
    from inbox.live import announce

    announce.set_up(app, settings.redis_url)
    nudges.set_up(app, nudges.make_producer(settings.redis_url))


def _set_up_web(app: "Flask") -> None:
    """Languages, doors, headers and error pages: what every route shares."""
    from inbox import addresses, error_pages, languages, web_security
    from inbox.members import attempts, doors

    for subject in (languages, addresses, doors, web_security, attempts, error_pages):
        subject.set_up(app)


def _register_subjects(app: "Flask") -> None:
    """Add each subject's blueprint and fill the registries that lower subjects own."""
    from inbox.desk import live_rows, shell
    from inbox.live import renderers
    from inbox.members import sessions
    from inbox.notifications import gone
    from inbox.watch import shown, watch

    shell.set_up(app)
    watch.set_up(app)
    shown.set_up(app)
    sessions.add_heir(gone.move_along)
    renderers.set_row_renderer(live_rows.render)
    renderers.set_place_finder(live_rows.find_places)
    renderers.set_newest_finder(live_rows.find_newest)
    for module in (*_list_own_pages(), *_list_desk_pages()):
        app.register_blueprint(module.blueprint)


def _list_own_pages() -> "Sequence[Any]":
    """Return the modules with the pages of one subject each."""
    from inbox import health
    from inbox.intake import views as pushed
    from inbox.live import views as live
    from inbox.media import views as media
    from inbox.members import me
    from inbox.members import views as members
    from inbox.notifications import views as reach
    from inbox.offboarding import people, teams
    from inbox.replies import views as replies
    from inbox.reports import views as reports
    from inbox.watch import views as watched

    return (members, me, reach, people, teams, health, media, live, replies, reports, watched, pushed)


def _list_desk_pages() -> "Sequence[Any]":
    """Return the modules with pages over several subjects."""
    from inbox.desk import (
        alerts,
        calendars,
        channels,
        connecting,
        dialogs,
        escalation,
        last_calls,
        message_acts,
        pushing,
        rotations,
        saved_replies,
        setup,
        sla_policies,
        triage,
        views,
    )

    rooms = (channels, connecting, pushing, alerts, escalation, sla_policies, rotations, calendars, saved_replies)
    return (views, setup, triage, message_acts, dialogs, last_calls, *rooms)
