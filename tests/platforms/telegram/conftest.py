"""A Bot API with a bot, its shop's people, a group and a private chat; Relevo with that bot."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.fetch import Fetcher
from inbox.platforms.contract import Account, Connector
from inbox.platforms.given import Given
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.telegram.connection import TelegramConnection
from inbox.platforms.telegram.connector import TelegramConnector
from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import Product, connect_product
from tests.platforms.telegram.fake_bot_api import TOKEN, Chat, FakeBotApi, Json, fake_bot_api

# Real answers are no part of the project: they are read where the folder with them is named.
collect_ignore = [] if os.environ.get("RELEVO_RECORDINGS") else ["test_recordings.py"]

ANA: Json = {"id": 5501, "is_bot": False, "first_name": "Ana", "last_name": "Álvarez", "username": "ana_alv"}
BEN: Json = {"id": 5502, "is_bot": False, "first_name": "Ben"}
LUCIA: Json = {"id": 5600, "is_bot": False, "first_name": "Lucía", "last_name": "Acme"}  # has the business account
GROUP = -1001234500001
PUBLIC_URL = "https://inbox.acme.example"


@dataclass
class Scene:
    """A server, a group of the shop, Ana's private chat with the bot, and a connection without database."""

    api: FakeBotApi
    group: Chat
    private: Chat
    connection: TelegramConnection


def given(api: FakeBotApi, token: str = TOKEN, **more: str) -> dict[str, str]:
    """Return what a member pastes."""
    return {"access_token": token, "service_url": api.url, **more}


def http_for(api: FakeBotApi) -> BudgetedHttp:
    """Return the guarded client, to which the fake server is declared."""
    connector: Connector = TelegramConnector()
    return BudgetedHttp(Fetcher([api.url]), MemoryBudgets(), "channel:1", connector.read_budget)


def connect(api: FakeBotApi, *, push_url: str = "", page_size: int = 100) -> TelegramConnection:
    """Sign the bot in and open its connection."""
    http = http_for(api)
    secret, verified = TelegramConnector().sign_in(given(api, push_url=push_url), http)
    account = Account(verified.external_id, "", verified.handle, verified.service_url, push_url=push_url)
    made = TelegramConnector().connect(Given(secret), http, account)
    return TelegramConnection(made.calls, account, page_size)


@pytest.fixture
def api(moving_clock: MovingClock) -> Iterator[FakeBotApi]:
    with fake_bot_api(moving_clock) as running:
        yield running


@pytest.fixture
def scene(api: FakeBotApi) -> Scene:
    group = api.chat(GROUP, "supergroup", title="Acme y amigos", username="acme_amigos")
    private = api.chat(ANA["id"], first_name="Ana")
    return Scene(api, group, private, connect(api))


@pytest.fixture
def product(scene: Scene, app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Product:
    made = connect_product(app, session, given(scene.api), [scene.api.url], Pace(), platform="telegram")
    made.settings = replace(made.settings, public_url=PUBLIC_URL)
    monkeypatch.setitem(app.config, "RELEVO", made.settings)
    made.poll()
    return made


def key(message: Json) -> str:
    """Return a message's id within the channel."""
    return f"{message['chat']['id']}:{message['message_id']}"
