"""Connecting a Telegram bot: a token that is pasted, and the question what becomes of a webhook that is set."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox import nudges
from inbox.channels.connections import sign_in
from inbox.channels.models import Channel, ChannelState
from inbox.channels.opening import open_channel
from inbox.database import db
from inbox.desk.shell import say
from inbox.desk.telegram_words import connect_sentence
from inbox.errors import Conflict, Invalid, RelevoError
from inbox.members import doors
from inbox.members.models import Team
from inbox.numbers import list_numbers
from inbox.platforms.contract import PlatformError
from inbox.settings import Settings

blueprint = Blueprint("connect_telegram", __name__)
TELEGRAM = "telegram"


@blueprint.get("/channels/connect/telegram")
@doors.admins
def form() -> str:
    """Show the form that connects a bot."""
    return _form()


@blueprint.post("/channels/connect/telegram")
@doors.admins
def connect() -> str | Response | tuple[str, int]:
    """Connect a bot; nothing is stored unless Telegram says whose the token is."""
    settings: Settings = current_app.config["RELEVO"]
    try:
        signed_in = sign_in(settings, TELEGRAM, _given())
        channel = open_channel(
            db.session(),
            settings,
            signed_in,
            member_id=doors.current_member().id,
            team_ids=list_numbers(request.form.getlist("team")),
            is_sandbox_kept=request.form.get("keep_sandbox") == "1",
        )
    except (PlatformError, Conflict, Invalid) as error:
        db.session.rollback()
        return _form(error), error.status if error.status < 500 else 400
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(_("Connected. What was written to the bot in the last day is being read now."))
    return redirect(url_for("channels.show", channel_id=channel.id), 303)


def _given() -> dict[str, str]:
    given = {name: request.form.get(name, "").strip()[:500] for name in ("access_token", "service_url")}
    return given | ({"take_over": "1"} if request.form.get("take_over") == "1" else {})


def _form(error: RelevoError | None = None) -> str:
    has_sandbox = db.session.query(Channel.id).filter(Channel.is_sandbox, Channel.state != ChannelState.DISCONNECTED)
    service = request.form.get("service_url", "").strip()[:300]
    return render_template(
        "channels/connect_telegram.html",
        service=service,
        teams=db.session.query(Team).order_by(Team.name).all(),
        chosen_teams=list_numbers(request.form.getlist("team")),
        has_sandbox=has_sandbox.first() is not None,
        problem=connect_sentence(error, service) if error else "",
        offers_take_over=error is not None and error.code == "webhook_set",
    )
