"""No password and no token is ever in an exception, a log line, a page or what is kept of it."""

import logging
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from inbox.platforms.bluesky.sign_in import sign_in
from inbox.platforms.contract import PlatformError
from tests.fixtures.app import START
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.desk import APP_PASSWORD, given, http_for

PLANTED = "plan-ted1-pass-word"


def secrets_of(scene: Scene) -> list[str]:
    return [PLANTED, APP_PASSWORD, *scene.world.sessions]


def chain(error: BaseException | None) -> str:
    parts = []
    while error is not None:
        parts.append(f"{error!r} {error} {vars(error)}")
        error = error.__cause__ or error.__context__
    return " ".join(parts)


@pytest.fixture
def standard_log() -> list[str]:
    return []


def test_nothing_tells(scene: Scene, standard_log: list[str]) -> None:
    handler = logging.Handler()
    handler.emit = lambda record: standard_log.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    root_level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    told: list[str] = []
    reply = scene.world.post(scene.ana, "Hello", parent=scene.post)
    connection = scene.desk.connection
    outgoing = scene.desk.reply_to(scene.desk.messages("mentions")[reply.uri], "Yes")

    def attempt(call: Callable[[], object]) -> None:
        try:
            told.append(repr(call()))
        except PlatformError as error:
            told.append(chain(error))

    def try_everything() -> None:
        attempt(lambda: sign_in(given(scene.network, scene.shop, PLANTED), http_for(scene.network)))
        attempt(lambda: sign_in(given(scene.network, scene.shop), http_for(scene.network)))
        attempt(connection.verify)
        attempt(connection.streams)
        attempt(lambda: connection.fetch("mentions", None))
        attempt(lambda: connection.fetch("direct", None))
        attempt(lambda: connection.send(outgoing, "delivery-1"))
        attempt(lambda: connection.find_sent(outgoing, START))

    try:
        with capture_logs() as logged:
            try_everything()
            scene.world.expire_access_tokens()
            try_everything()
            echo = scene.desk.keeper.secret.values["accessJwt"].encode()
            for nsid in ("com.atproto.server.createSession", "com.atproto.repo.putRecord", "com.atproto.repo.getRecord",
                         "app.bsky.notification.listNotifications", "com.atproto.server.getSession"):  # fmt: skip
                words = b'{"error": "InvalidToken", "message": "this one is bad: ' + echo + b'"}'
                scene.network.faults.by_nsid[nsid] = (400, words)
            try_everything()
            scene.network.close()
            try_everything()
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(root_level)
    assert len(told) == 32
    assert logged
    everything = " ".join([*told, *standard_log, repr(logged)])
    assert [secret for secret in secrets_of(scene) if secret in everything] == []
