"""Where somebody lands: where people wait for them, else where people wait for anybody."""

from flask import Flask
from sqlalchemy.orm import Session

from inbox.conversations import assign
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import conversation_of, make_thread, say
from tests.factories.members import sign_in_as


def test_home_is_where_somebody_waits(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    member = make_responder(session, channel)
    client = sign_in_as(app, session, member)
    assert client.get("/").location == "/queue?view=mine"
    message = say(session, make_thread(session, channel), make_contact(session), "¿Abrís mañana?")
    session.commit()
    assert client.get("/").location == "/queue?view=unassigned"
    assign.assign(session, conversation_of(session, message), member.id, member.id)
    session.commit()
    assert client.get("/").location == "/queue?view=mine"
