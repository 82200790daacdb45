"""The token stands in every address, and yet in no log, no exception, no answer, no page and no raw row."""

import logging
from collections.abc import Callable

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from inbox.channels.models import Channel, ChannelStream
from inbox.conversations.models import RawPayload
from inbox.intake import borders
from inbox.intake.models import Quarantined
from inbox.platforms.contract import PlatformError
from inbox.platforms.outgoing import Outgoing
from inbox.platforms.telegram.connector import TelegramConnector
from tests.platforms.bluesky.product import Product
from tests.platforms.bluesky.test_secrets import chain
from tests.platforms.telegram.conftest import ANA, Scene, connect, given, http_for
from tests.platforms.telegram.fake_bot_api import TOKEN

ECHO = f'{{"ok":false,"error_code":400,"description":"Bad Request: bot{TOKEN} is odd"}}'.encode()


def test_nothing_tells(scene: Scene) -> None:
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    outgoing = Outgoing("Sí.", "1:2", {"chat": scene.group.shown["id"], "id": 2}, "public")

    def attempt(call: Callable[[], object]) -> None:
        try:
            told.append(repr(call()))
        except PlatformError as error:
            told.append(chain(error))

    def try_everything() -> None:
        http = http_for(scene.api)
        attempt(lambda: TelegramConnector().sign_in(given(scene.api), http))
        attempt(lambda: TelegramConnector().sign_in(given(scene.api, TOKEN[:-2]), http))
        for call in (
            scene.connection.verify,
            lambda: scene.connection.fetch("updates", None),
            lambda: scene.connection.send(outgoing, "key"),
            lambda: scene.connection.like("1:2", outgoing.parent_ref, "key"),
            scene.connection.stop_push,
        ):
            attempt(call)

    try:
        with capture_logs() as logged:
            try_everything()
            for status in (400, 401, 429, 502):
                scene.api.faults.raw += [("", status, ECHO)] * 7
                try_everything()
            scene.api.faults.raw += [("", 200, TOKEN.encode())] * 7
            try_everything()
            scene.api.close()
            try_everything()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert len(told) >= 49
    everything = " ".join([*told, repr(logged)])
    assert "/bot" not in everything
    assert TOKEN[:-2] not in everything
    assert TOKEN.partition(":")[2] not in everything


def test_nothing_keeps_it(product: Product, scene: Scene) -> None:
    scene.api.say(scene.group, ANA, f"Look, https://api.telegram.org/bot{TOKEN}/getMe")
    scene.api.faults.raw.append(("getUpdates", 200, f'{{"ok":true,"result":"{TOKEN}"}}'.encode()))
    product.poll()
    product.poll()
    kept = product.rows(select(RawPayload.compressed)) + product.rows(select(Quarantined.compressed))
    assert len(kept) == 2
    for compressed in kept:
        assert TOKEN.encode() not in borders.unpack(compressed)
    rows = [*product.rows(select(ChannelStream)), *product.rows(select(Channel))]
    assert TOKEN not in " ".join(repr(vars(row)) for row in rows)


def test_a_bots_push_secret_tells_nothing_of_its_token(scene: Scene) -> None:
    connection = connect(scene.api, push_url="https://inbox.acme.example/push/telegram/k")
    connection.start_push()
    secret = scene.api.webhook["secret_token"]
    assert (len(secret), TOKEN[-10:] in secret) == (64, False)
    with pytest.raises(PlatformError, match="push_forged"):
        connection.check_push({"x-telegram-bot-api-secret-token": secret[:-1]}, b"")
    connection.check_push({"x-telegram-bot-api-secret-token": secret}, b"")
