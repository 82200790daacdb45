"""`relevo member`: people from the command line."""

import re

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

import inbox
from inbox.commands.member import member as group
from inbox.members import passwords, teams
from inbox.members.models import Member


@pytest.fixture(autouse=True)
def _the_tests_application(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "create_app", lambda **_given: app)
    passwords.set_cost(memory_kib=8, rounds=1)


def _run(session: Session, *words: str) -> Result:
    session.rollback()
    result = CliRunner().invoke(group, words)
    session.rollback()
    return result


def _get(session: Session, email: str) -> Member:
    return session.scalars(select(Member).where(Member.email == email)).one()


def test_a_member_is_made_with_a_one_time_password_and_a_seat(session: Session) -> None:
    result = _run(
        session, "create", "Eva@Acme.example", "--name", "Eva", "--admin", "--team", "Night", "--role", "lead"
    )
    assert result.exit_code == 0, result.output
    eva = _get(session, "eva@acme.example")
    assert (eva.name, eva.is_admin, eva.must_change_password) == ("Eva", True, True)
    given = re.search(r"One-time password: (\S+)", result.output)
    assert given is not None
    assert passwords.is_right(eva.password_hash, given.group(1))
    assert [(seat.team.name, seat.role) for seat in teams.list_seats(session)] == [("Night", "lead")]


def test_what_cannot_be_done_is_said_in_a_sentence(session: Session) -> None:
    assert _run(session, "create", "eva@acme.example", "--admin").exit_code == 0
    for words, said in (
        (("create", "eva@acme.example"), "is already a member"),
        (("create", "nonsense"), "not a complete e-mail address"),
        (("password", "nobody@acme.example"), "Nobody here has the address"),
        (("deactivate", "eva@acme.example"), "the last admin"),
        (("admin", "eva@acme.example", "--off"), "the last admin"),
    ):
        result = _run(session, *words)
        assert result.exit_code == 1
        assert said in result.output


def test_a_member_leaves_and_comes_back(session: Session) -> None:
    _run(session, "create", "eva@acme.example", "--admin")
    _run(session, "create", "marta@acme.example")
    assert _run(session, "deactivate", "marta@acme.example").exit_code == 0
    assert "marta@acme.example\tmarta\tdeactivated" in _run(session, "list").output
    assert _run(session, "password", "marta@acme.example").exit_code == 0
    assert _get(session, "marta@acme.example").deactivated_at is None
    assert _run(session, "admin", "marta@acme.example").exit_code == 0
    assert "marta@acme.example\tmarta\tadmin" in _run(session, "list").output
