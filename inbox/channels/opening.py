"""What follows on connecting a channel: who may see it, which streams it has, and the end of the sandbox."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.connect import SignedIn, connect
from inbox.channels.connections import connector_for
from inbox.channels.local import end_sandbox
from inbox.channels.models import Channel
from inbox.channels.streams import ensure_streams
from inbox.errors import NotFound
from inbox.members import grants
from inbox.members.models import Grant, Team
from inbox.platforms.contract import PlatformError
from inbox.security import Vault
from inbox.settings import Settings


def open_channel(
    session: Session,
    settings: Settings,
    signed_in: SignedIn,
    *,
    member_id: int | None,
    team_ids: Collection[int] = (),
    is_sandbox_kept: bool = False,
) -> Channel:
    """Connect an account, give it to teams, commit, then ask which streams it has.

    It commits itself, for the platform is asked once more between two transactions. Raises Conflict, NotFound.
    """
    channel = connect(
        session,
        Vault(settings.secret_keys, settings.read_secret_keys),
        signed_in,
        member_id=member_id,
        pace=settings.pace,
    )
    give_to_teams(session, channel, team_ids, member_id)
    if not signed_in.is_sandbox and not is_sandbox_kept:
        end_sandbox(session, settings, member_id)
    session.commit()
    find_streams(session, settings, channel)
    return channel


def give_to_teams(session: Session, channel: Channel, team_ids: Collection[int], member_id: int | None) -> None:
    """Let the named teams see and answer a channel; without names those of its connector, if none has it yet."""
    for team_id in sorted(team_ids):
        grants.set_grant(session, team_id, channel.id, grants.EVERYTHING, by_member_id=member_id)
    if not team_ids and not session.scalar(select(Grant.id).where(Grant.channel_id == channel.id).limit(1)):
        grants.open_channel(session, channel.id, member_id)


def team_ids_of(session: Session, names: Collection[str]) -> list[int]:
    """Return the ids of named teams; raises NotFound for a name that none has."""
    found = dict(session.execute(select(Team.name, Team.id).where(Team.name.in_(names))).all())
    for name in names:
        if name not in found:
            raise NotFound("team_not_found", name=name)
    return sorted(found.values())


def find_streams(session: Session, settings: Settings, channel: Channel) -> None:
    """Ask the platform which streams the channel has and keep them; if it fails, the next verify asks again."""
    connection = connector_for(settings, session.get_bind().engine)(channel)
    session.commit()
    try:
        streams = connection.streams()
    except PlatformError:
        return
    ensure_streams(session, channel, streams)
    session.commit()
