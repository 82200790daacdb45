"""The doctor finds what should never be, mends what can be computed, and finds nothing where all is well."""

from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.credentials import keep
from inbox.conversations.models import Conversation
from inbox.doctor import examine
from inbox.platforms.contract import Secret
from inbox.security import Vault
from tests.factories.basics import make_channel, make_contact
from tests.factories.channels import make_stream, make_vault
from tests.factories.conversations import make_thread, say


def test_where_all_is_well_nothing_is_found(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    say(session, make_thread(session, channel), make_contact(session))
    keep(session, Vault(app.config["RELEVO"].secret_keys), channel.id, Secret({"token": "x"}))
    make_stream(session, channel)
    session.commit()
    assert examine(session, app.config["RELEVO"]) == []


def test_a_wait_that_differs_from_its_messages_is_found_and_mended(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    message = say(session, make_thread(session, channel), make_contact(session))
    conversation = session.get_one(Conversation, message.conversation_id)
    right = conversation.waiting_since
    conversation.waiting_since = None
    session.commit()
    (finding,) = examine(session, app.config["RELEVO"])
    assert f"conversation {conversation.id}" in finding
    (mended,) = examine(session, app.config["RELEVO"], is_mending=True)
    assert mended.endswith("mended")
    session.commit()
    assert conversation.waiting_since == right
    assert examine(session, app.config["RELEVO"]) == []


def test_a_key_that_does_not_fit_and_a_stream_nobody_reads_are_found(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    keep(session, make_vault(), channel.id, Secret({"token": "x"}))
    make_stream(session, channel, due_at=clock.now() - timedelta(hours=1))
    session.commit()
    findings = examine(session, app.config["RELEVO"])
    assert [text for text in findings if "can't be opened" in text]
    assert [text for text in findings if "have not been read" in text]
