"""A nudge is sent after the commit, once, and may fail without harm."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox import nudges
from inbox.broker import broker_url
from tests.factories.basics import make_member


class Producer:
    """Remembers what it was told to name."""

    def __init__(self, error: Exception | None = None) -> None:
        self.named: list[str] = []
        self._error = error

    def send_task(self, task: str, **_: Any) -> None:
        self.named.append(task)
        if self._error:
            raise self._error


def with_producer(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> Producer:
    producer = Producer(error)
    monkeypatch.setattr(nudges, "_celery", producer)
    return producer


def test_a_task_is_named_once_and_only_after_the_commit(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = with_producer(monkeypatch)
    make_member(session)
    nudges.after_commit(session, nudges.SEND)
    nudges.after_commit(session, nudges.SEND)
    assert producer.named == []
    session.commit()
    assert producer.named == [nudges.SEND]
    session.commit()
    assert producer.named == [nudges.SEND]


def test_what_is_rolled_back_names_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = with_producer(monkeypatch)
    make_member(session)
    nudges.after_commit(session, nudges.SEND)
    session.rollback()
    session.commit()
    assert producer.named == []


def test_a_broker_that_is_away_does_no_harm(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = with_producer(monkeypatch, ConnectionError("away"))
    member = make_member(session)
    nudges.after_commit(session, nudges.SEND)
    session.commit()
    assert producer.named == [nudges.SEND]
    assert member.id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("redis://cache.example:6379/2", "redis://cache.example:6379/2"),
        ("unix:///data/redis.sock?db=3", "redis+socket:///data/redis.sock?virtual_host=3"),
        ("unix:///data/redis.sock", "redis+socket:///data/redis.sock?virtual_host=0"),
    ],
)
def test_celery_is_told_a_socket_in_its_own_words(given: str, expected: str) -> None:
    assert broker_url(given) == expected


def test_without_redis_nothing_is_named(app: Flask) -> None:
    assert nudges.make_producer("") is None
    assert app.extensions["nudges"] is None
