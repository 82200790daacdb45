"""One account connected to the fake network, as tests use it: reads streams to their end, answers, looks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inbox.fetch import Fetcher
from inbox.platforms.bluesky.connection import BlueskyConnection
from inbox.platforms.bluesky.connector import BlueskyConnector
from inbox.platforms.bluesky.sign_in import sign_in
from inbox.platforms.contract import Account, Connector, Refresher, Secret
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.items import Cursor, Item, Message, Page
from inbox.platforms.outgoing import Outgoing
from inbox.settings import Pace
from tests.platforms.bluesky.fake_network import FakeNetwork
from tests.platforms.bluesky.fake_world import Person

APP_PASSWORD = "abcd-efgh-ijkl-mnop"


@dataclass
class MemoryKeeper:
    """A contract.SecretKeeper without a database."""

    secret: Secret
    refresh_count: int = 0

    def current(self) -> Secret:
        return self.secret

    def refresh(self, refresher: Refresher, stale: Secret) -> Secret:
        self.refresh_count += 1
        self.secret = refresher(stale)
        return self.secret


@dataclass
class Desk:
    """A connection, its keeper, and the cursors of what was read."""

    connection: BlueskyConnection
    keeper: MemoryKeeper
    cursors: dict[str, Cursor | None] = field(default_factory=dict)

    def pages(self, stream: str, *, is_deep: bool = False) -> Iterator[Page]:
        """Read a stream to the end of its walk."""
        for _ in range(200):
            page = self.connection.fetch(stream, self.cursors.get(stream), is_deep=is_deep)
            self.cursors[stream] = page.cursor_after
            yield page
            if page.is_complete:
                return
        raise AssertionError("the walk does not end")

    def read(self, stream: str, *, is_deep: bool = False) -> list[Item]:
        return [item for page in self.pages(stream, is_deep=is_deep) for item in page.items]

    def messages(self, stream: str, *, is_deep: bool = False) -> dict[str, Message]:
        """Read a stream to its end, one message an id."""
        items = self.read(stream, is_deep=is_deep)
        return {item.external_id: item for item in items if isinstance(item, Message)}

    def texts(self, stream: str, *, is_deep: bool = False) -> list[str]:
        return sorted(message.text for message in self.messages(stream, is_deep=is_deep).values())

    def reply_to(self, message: Message, text: str, key: str = "delivery-1", **parts: Any) -> Outgoing:
        """Prepare an answer as the product does."""
        mode = "private" if message.kind == "direct" else "public"
        outgoing = Outgoing(
            text=text,
            parent_id=message.external_id,
            parent_ref=message.ref,
            audience=message.audience,
            mode=mode,
            thread_key=message.thread_key,
            recipient=message.author,
            **parts,
        )
        return self.connection.prepare(outgoing, key)


def http_for(network: FakeNetwork, budgets: MemoryBudgets | None = None) -> BudgetedHttp:
    """Return the guarded client, to which the fake network is declared."""
    connector: Connector = BlueskyConnector()
    return BudgetedHttp(Fetcher([network.url]), budgets or MemoryBudgets(), "channel:1", connector.read_budget)


def given(network: FakeNetwork, person: Person, password: str = APP_PASSWORD, **more: str) -> Mapping[str, str]:
    """Return what a member types."""
    return {"handle": person.handle, "app_password": password, "service_url": network.url, **more}


def open_desk(network: FakeNetwork, person: Person, *, page_size: int = 100, pace: Pace | None = None) -> Desk:
    """Sign somebody in and connect."""
    person.app_passwords.setdefault(APP_PASSWORD, True)
    http = http_for(network)
    secret, verified = sign_in(given(network, person, public_only="1"), http)
    keeper = MemoryKeeper(secret)
    account = Account(verified.external_id, "", verified.handle, verified.service_url, pace=pace or Pace())
    connection = BlueskyConnector().connect(keeper, http, account)
    return Desk(BlueskyConnection(connection.calls, account, page_size), keeper)
