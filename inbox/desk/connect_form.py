"""The form that connects an account, one for each platform, with what went wrong said above it."""

from dataclasses import dataclass

from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from inbox.channels.models import Channel, ChannelState
from inbox.database import db
from inbox.desk.connect_words import WITHOUT_DIRECT, connect_sentence
from inbox.errors import RelevoError
from inbox.members.models import Team
from inbox.numbers import list_numbers
from inbox.security import new_token
from inbox.settings import Settings

Answer = str | Response | tuple[str, int]
FIELDS = ("handle", "app_password", "access_token", "secret", "service_url")
# Whom a member may connect, and how each is asked for; the sandbox's channels come by themselves.
CHOICES = ("bluesky", "mastodon", "telegram", "generic")
FORMS = {name: f"channels/_connect_{name}.html" for name in CHOICES}
OTHER_FORM = "channels/_connect_token.html"
USUAL_SERVICES = {"bluesky": "https://bsky.social", "telegram": "https://api.telegram.org"}
_TICKS = ("public_only", "take_over")


@dataclass(frozen=True)
class Wanted:
    """What a member asked for: the platform, which teams get it, and whether the sandbox stays."""

    platform: str
    team_ids: list[int]
    is_sandbox_kept: bool


def settings() -> Settings:
    """Return the settings of this application."""
    found: Settings = current_app.config["RELEVO"]
    return found


def chosen_platform() -> str:
    """Return the platform that was chosen, the first where none was."""
    chosen = request.values.get("platform", "")
    return chosen if chosen in CHOICES else CHOICES[0]


def wanted() -> Wanted:
    """Read the form's choices."""
    team_ids = list_numbers(request.form.getlist("team"))
    return Wanted(chosen_platform(), team_ids, request.form.get("keep_sandbox") == "1")


def given() -> dict[str, str]:
    """Read what a member typed."""
    found = {name: request.form.get(name, "").strip()[:500] for name in FIELDS}
    return found | {name: "1" for name in _TICKS if request.form.get(name) == "1"}


def show_form(
    error: RelevoError | None = None,
    channel: Channel | None = None,
    *,
    chosen: Wanted | None = None,
    service_url: str = "",
) -> Answer:
    """Show the form that connects an account or, with `channel`, reconnects one."""
    typed = given() if request.method == "POST" else dict.fromkeys(FIELDS, "")
    typed["service_url"] = typed["service_url"] or service_url
    chosen = chosen or wanted()
    platform = channel.platform if channel else chosen.platform
    page = render_template(
        "channels/connect.html",
        channel=channel,
        platform=platform,
        platforms=CHOICES if channel is None else (),
        form=FORMS.get(platform, OTHER_FORM),
        given=typed,
        fresh_secret=new_token() if platform == "generic" else "",
        chosen_teams=chosen.team_ids,
        teams=db.session.query(Team).order_by(Team.name).all() if channel is None else [],
        has_sandbox=channel is None and _has_sandbox(),
        problem=_problem(error, typed, platform, channel) if error else "",
        offers_take_over=error is not None and error.code == "webhook_set",
        offers_public_only=error is not None and error.code in WITHOUT_DIRECT,
    )
    return (page, error.status if error.status < 500 else 400) if error else page


def _has_sandbox() -> bool:
    found = db.session.query(Channel.id).filter(Channel.is_sandbox, Channel.state != ChannelState.DISCONNECTED)
    return found.first() is not None


def _problem(error: RelevoError, typed: dict[str, str], platform: str, channel: Channel | None) -> str:
    handle = typed["handle"] or (channel.handle if channel else "")
    known = channel.service_url if channel else USUAL_SERVICES.get(platform, "")
    return connect_sentence(error, handle=handle, service=typed["service_url"] or known, platform=platform)
