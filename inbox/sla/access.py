"""Who may see and change SLA policies: admins all; leads those of channels that they lead, and they read everybody's.

A policy is of its channels; one that names none is of all of them, and only admins change it (RULES G).
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.errors import NotAllowed, NotFound
from inbox.members.access import leads, list_seen_channels
from inbox.members.models import Member, Membership, Role
from inbox.sla.models import SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import get_version, list_current


def may_read(session: Session, member: Member) -> bool:
    """Tell whether the member is an admin or leads a team."""
    led = select(Membership.id).where(Membership.member_id == member.id, Membership.role == Role.LEAD.value)
    return member.is_admin or session.scalar(led.limit(1)) is not None


def check_may_read(session: Session, member: Member) -> None:
    """Let admins and leads pass; for others the pages do not exist."""
    if not may_read(session, member):
        raise NotFound("not_found")


def list_seen(session: Session, member: Member) -> list[SlaPolicyVersion]:
    """List the policies that the member may know of, as they stand, in the order in which they are tried."""
    seen = _seen_channels(session, member)
    return [one for one in list_current(session) if member.is_admin or _concerns(one, seen)]


def list_archived(session: Session, member: Member) -> list[SlaPolicyVersion]:
    """List the archived policies that the member may take up again, as they stood, by name."""
    query = (
        select(SlaPolicyVersion)
        .join(SlaPolicy, SlaPolicy.id == SlaPolicyVersion.policy_id)
        .where(SlaPolicyVersion.number == SlaPolicy.version, SlaPolicy.is_archived.is_(True))
        .order_by(SlaPolicyVersion.name, SlaPolicyVersion.id)
    )
    return [one for one in session.scalars(query) if may_edit(session, member, one)]


def access_policy(session: Session, member: Member, sla_policy_id: int, power: str = "see") -> SlaPolicy:
    """Return a policy; `power` see, or edit: an admin, or who leads all of its channels.

    Raises NotFound where the member may not know of it, NotAllowed where they may not change it.
    """
    check_may_read(session, member)
    policy = session.get(SlaPolicy, sla_policy_id)
    if policy is None:
        raise NotFound("sla_policy_not_found")
    version = get_version(session, policy.id, policy.version)
    if not member.is_admin and not _concerns(version, _seen_channels(session, member)):
        raise NotFound("sla_policy_not_found")
    if power == "edit" and not may_edit(session, member, version):
        raise NotAllowed("sla_policy_of_others")
    return policy


def may_edit(session: Session, member: Member, version: SlaPolicyVersion) -> bool:
    """Tell whether who sees a policy may change it."""
    return member.is_admin or is_led(session, member, version.channel_ids)


def check_channels(session: Session, member: Member, channel_ids: Iterable[int]) -> None:
    """Check that the member may promise something on these channels (none: on all); raises NotAllowed."""
    if not member.is_admin and not is_led(session, member, list(channel_ids)):
        raise NotAllowed("sla_channels_needed")


def is_led(session: Session, member: Member, channel_ids: Sequence[int]) -> bool:
    """Tell whether the member leads all of these channels; none are everybody's."""
    return bool(channel_ids) and set(channel_ids) <= {one.id for one in list_led_channels(session, member)}


def list_led_channels(session: Session, member: Member) -> Sequence[Channel]:
    """List the channels for which the member may make policies."""
    query = select(Channel) if member.is_admin else select(Channel).where(leads(member.id, Channel.id))
    return session.scalars(query.order_by(Channel.display_name, Channel.handle, Channel.id)).all()


def _seen_channels(session: Session, member: Member) -> set[int]:
    return set() if member.is_admin else set(session.scalars(list_seen_channels(member.id)))


def _concerns(version: SlaPolicyVersion, channel_ids: set[int]) -> bool:
    return not version.channel_ids or not channel_ids.isdisjoint(version.channel_ids)
