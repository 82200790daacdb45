"""`relevo member`: people from the command line, for when nobody can sign in."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.errors import RelevoError
from inbox.members.models import Member, Role
from inbox.settings import Pace


@click.group("member")
def member() -> None:
    """Add people, let them back in, let them go."""


@member.command()
@click.argument("email")
@click.option("--name", default="", help="How colleagues see them; the address's first part if left out.")
@click.option("--admin", "is_admin", is_flag=True, help="May manage people and channels.")
@click.option("--team", "team_name", default="", help="Seat them in this team; it is made if there is none.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="responder", show_default=True)
def create(email: str, name: str, is_admin: bool, team_name: str, role: str) -> None:
    """Add a member and print a one-time password: for an hour, until another is chosen."""
    from inbox.members import admins, first, passwords, teams
    from inbox.members.models import Team

    password = passwords.new_one_time()
    stored = passwords.hash_password(password)
    with _session() as (session, pace):
        row = admins.make_member(session, email, name or email.partition("@")[0], is_admin=is_admin)
        first.set_one_time(session, row, stored, pace=pace)
        if team_name:
            team = session.scalar(select(Team).where(Team.name == team_name))
            team = team or teams.make_team(session, team_name, by_member_id=None)
            teams.set_role(session, team.id, row.id, role, by_member_id=None)
    _hand_over(email, password)


@member.command("password")
@click.argument("email")
def new_password(email: str) -> None:
    """Print a new one-time password for a member; a deactivated one is let back in."""
    from inbox.members import admins, first, passwords, sessions

    password = passwords.new_one_time()
    stored = passwords.hash_password(password)
    with _session() as (session, pace):
        row = admins.reactivate(session, _get(session, email).id, by_member_id=None)
        first.set_one_time(session, row, stored, pace=pace)
        sessions.end_all(session, row.id, by_member_id=None)
    _hand_over(email, password)


@member.command()
@click.argument("email")
@click.option("--off", is_flag=True, help="Take the right away instead.")
def admin(email: str, off: bool) -> None:
    """Make a member an admin, or unmake one; never the last."""
    from inbox.members import admins

    with _session() as (session, _pace):
        admins.set_admin(session, _get(session, email).id, not off, by_member_id=None)


@member.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Let a member go: signed out everywhere, no seats, conversations handed back."""
    from inbox.offboarding.revoke import revoke

    with _session() as (session, _pace):
        revoke(session, _get(session, email).id, by_member_id=None)


@member.command("list")
def list_all() -> None:
    """List all members: address, name, what is special about them."""
    from inbox.members import admins

    with _session() as (session, _pace):
        for row in admins.list_members(session):
            marks = [word for word, holds in (("admin", row.is_admin), ("deactivated", row.deactivated_at)) if holds]
            click.echo("\t".join([row.email, row.name, ", ".join(marks)]).rstrip())


@contextmanager
def _session() -> Iterator[tuple[Session, Pace]]:
    """Open the database, commit at the end, and say in one sentence what could not be done."""
    from inbox import create_app
    from inbox.database import db
    from inbox.sentences import sentence_of

    app = create_app(busy_seconds=30)
    with app.app_context():
        try:
            yield db.session(), app.config["RELEVO"].pace
            db.session.commit()
        except RelevoError as error:
            raise click.ClickException(sentence_of(error)) from None


def _get(session: Session, email: str) -> Member:
    row = session.scalar(select(Member).where(Member.email == email.strip().casefold()))
    if row is None:
        raise click.ClickException(f"Nobody here has the address {email}.")
    return row


def _hand_over(email: str, password: str) -> None:
    click.echo(f"{email}\nOne-time password: {password}   (for an hour, until another is chosen)")
