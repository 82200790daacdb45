"""`relevo channel`: connects and looks after channels from the command line."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from inbox.errors import RelevoError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from inbox.channels.connect import SignedIn
    from inbox.channels.models import Channel
    from inbox.settings import Settings


@click.group("channel")
def channel() -> None:
    """Connect and look after channels."""


@contextmanager
def _open(word: "Callable[[RelevoError], str] | None" = None) -> "Iterator[tuple[Settings, Session]]":
    """Give settings and a session; an error becomes one line that says what to do, by `word` or as anywhere."""
    from inbox import create_app
    from inbox.database import db
    from inbox.sentences import sentence

    app = create_app(_settings(), busy_seconds=30)
    with app.test_request_context("/"):
        try:
            yield app.config["RELEVO"], db.session()
        except RelevoError as error:
            db.session.rollback()
            said = word(error) if word is not None else sentence(error.code, error.details)
            click.echo(f"relevo: {said}", err=True)
            sys.exit(1)


def _settings() -> "Settings":
    """Return the settings, with the sandbox that plays in this data folder among what may be called."""
    import os

    from inbox.settings import Settings
    from launcher import sandbox

    settings = Settings.from_environ()
    place = sandbox.folder(settings)
    if sandbox.is_wanted(settings) and sandbox.is_there(place):
        return Settings.from_environ(sandbox.allow(os.environ, place))
    return settings


def _named(session: "Session", name: str) -> "Channel":
    from sqlalchemy import select

    from inbox.channels.models import Channel
    from inbox.errors import NotFound

    by_id = Channel.id == int(name) if name.isdecimal() else Channel.handle == name.removeprefix("@")
    found = session.scalars(select(Channel).where(by_id).order_by(Channel.id)).first()
    if found is None:
        raise NotFound("channel_not_found")
    return found


@channel.command("list")
def list_channels() -> None:
    """Show every channel, its state, and how old its last complete poll is."""
    with _open() as (settings, session):
        from inbox.channels.health import list_visible, read_health

        for one in list_visible(session, 0, is_admin=True):
            health = read_health(session, one, settings.pace)
            age = "never read" if health.delay_seconds is None else f"read {health.delay_seconds:.0f} s ago"
            if one.import_since_at is not None and one.import_done_at is None:
                age = f"{age}, what was said before is being read"
            fails = ", ".join(f"{stream.name}: {stream.failure_code}" for stream in health.failures)
            why = f" ({one.state_reason})" if one.state_reason else ""
            click.echo(f"{one.id}\t{one.platform}\t{one.handle}\t{one.state}{why}\t{age}\t{fails}".rstrip())


@channel.command("connect")
@click.argument("platform", type=click.Choice(["bluesky", "mastodon", "telegram", "generic"]))
@click.argument("name", default="")
@click.option("--service", help="The server, if that is not Bluesky's or Telegram's own.")
@click.option("--public-only", is_flag=True, help="Connect without private messages.")
@click.option("--browser", is_flag=True, help="Mastodon: sign in on the server, and paste the code that it shows.")
@click.option("--take-over", is_flag=True, help="Telegram: remove the webhook by which another program reads the bot.")
@click.option("--team", "teams", multiple=True, help="Who may see and answer it; the first team if none is named.")
@click.option("--keep-sandbox", is_flag=True, help="Keep the sandbox and its invented people beside it.")
def connect_channel(
    platform: str,
    name: str,
    service: str | None,
    public_only: bool,
    browser: bool,
    take_over: bool,
    teams: tuple[str, ...],
    keep_sandbox: bool,
) -> None:
    """Connect an account: Bluesky by its handle, Mastodon by its server's name, a bridge of yours by its address.

    A Telegram bot has no name, its token says who it is. The app password, the token or the shared secret is asked for,
    or read from standard input.
    """
    if not name and platform != "telegram":
        raise click.UsageError(f"{platform} needs a name")
    ticks = {"public_only": public_only, "take_over": take_over}
    given = _given(platform, name, service) | {tick: "1" for tick, is_set in ticks.items() if is_set}

    def word(error: RelevoError) -> str:
        from inbox.desk.connect_words import connect_sentence

        return connect_sentence(error, handle=name, service=given["service_url"], platform=platform)

    with _open(word) as (settings, session):
        from inbox.channels.connections import sign_in
        from inbox.channels.opening import open_channel, team_ids_of

        if browser and platform == "mastodon":
            signed_in = _sign_in_there(settings, session, platform, given)
        else:
            field, prompt = _SECRETS[platform]
            signed_in = sign_in(settings, platform, given | {field: _read_secret(prompt)})
        team_ids = team_ids_of(session, teams)
        made = open_channel(
            session, settings, signed_in, member_id=None, team_ids=team_ids, is_sandbox_kept=keep_sandbox
        )
        click.echo(f"connected {made.handle} as channel {made.id}")


_SECRETS = {
    "bluesky": ("app_password", "App password"),
    "mastodon": ("access_token", "Access token"),
    "telegram": ("access_token", "Bot token"),
    "generic": ("secret", "Shared secret"),
}


def _given(platform: str, name: str, service: str | None) -> dict[str, str]:
    if platform == "telegram":
        return {"service_url": service or "https://api.telegram.org"}
    if platform != "bluesky":
        return {"service_url": service or name}
    return {"handle": name, "service_url": service or "https://bsky.social"}


def _sign_in_there(settings: "Settings", session: "Session", platform: str, given: dict[str, str]) -> "SignedIn":
    """Show where to sign in, and take the code that is shown there."""
    from inbox.channels import apps
    from inbox.channels.connections import begin_sign_in, find_sign_in_there, finish_sign_in
    from inbox.platforms.signing_in import SignIn
    from inbox.security import Vault, new_token

    there = find_sign_in_there(platform)
    assert there is not None
    vault, back = Vault(settings.secret_keys, settings.read_secret_keys), there.out_of_band_uri
    known = apps.find_app(session, vault, platform, there.server_of(given), back)
    session.rollback()
    begun = begin_sign_in(settings, platform, SignIn(given, back, new_token()), known)
    if begun.app != known:
        apps.keep_app(session, vault, platform, begun.service_url, back, begun.app)
        session.commit()
    click.echo(f"Open this address, sign in as the account, and allow what is asked for:\n{begun.url}")
    return finish_sign_in(settings, platform, begun.pending, begun.app, _read_secret("The code shown there"))


def _read_secret(prompt: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True))
    return sys.stdin.readline().strip()


@channel.command("pause")
@click.argument("name")
def pause_channel(name: str) -> None:
    """Stop reading and sending on a channel (its number or handle)."""
    with _open() as (_settings, session):
        from inbox.channels.connect import pause

        one = _named(session, name)
        pause(session, one, None)
        session.commit()
        click.echo(f"{one.handle} is paused")


@channel.command("resume")
@click.argument("name")
def resume_channel(name: str) -> None:
    """Read and send on a channel again."""
    with _open() as (settings, session):
        from inbox.channels.connect import resume

        one = _named(session, name)
        resume(session, one, None, settings.pace)
        session.commit()
        click.echo(f"{one.handle} is read again")


@channel.command("poll")
@click.argument("name")
def poll_channel(name: str) -> None:
    """Read a channel now, here and not in a worker, and say how many messages were new."""
    with _open() as (settings, session):
        from inbox.channels.connections import connector_for
        from inbox.channels.streams import claim_due, make_due
        from inbox.database import db
        from inbox.intake.poll import Reader, read_stream

        one = _named(session, name)
        make_due(session, one.id)
        session.commit()
        from sqlalchemy.orm import Session

        engine = db.engine
        reader = Reader(lambda: Session(engine), connector_for(settings, engine), settings.pace)
        new_count = 0
        for _ in range(200):
            claims = claim_due(session, settings.pace, 4, one.id)
            session.commit()
            if not claims:
                break
            new_count += sum(read_stream(reader, claim) for claim in claims)
        click.echo(f"{new_count} new")
        if not _tell_failures(session, one.id):
            sys.exit(1)


def _tell_failures(session: "Session", channel_id: int) -> bool:
    """Say which streams could not be read; tells whether all could."""
    from sqlalchemy import select

    from inbox.channels.models import ChannelStream
    from inbox.desk.troubles import failure_sentence

    failing = ChannelStream.failing_since_at.is_not(None), ChannelStream.is_off.is_(False)
    streams = session.scalars(select(ChannelStream).where(ChannelStream.channel_id == channel_id, *failing)).all()
    for stream in streams:
        click.echo(f"relevo: {stream.name} {failure_sentence(stream.failure_code)}", err=True)
    return not streams
