"""One account connected to a fake server, as tests use it: reads streams to their end, answers, looks."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from inbox.fetch import Fetcher
from inbox.platforms.contract import Account, Secret
from inbox.platforms.given import Given
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.items import Cursor, Item, Message, Page
from inbox.platforms.mastodon.connection import MastodonConnection
from inbox.platforms.mastodon.connector import MastodonConnector
from inbox.platforms.mastodon.people import scope_of
from inbox.platforms.outgoing import Outgoing
from tests.platforms.mastodon.fake_server import FakeServer
from tests.platforms.mastodon.fake_world import Person


@dataclass
class Desk:
    """A connection and the cursors of what was read."""

    connection: MastodonConnection
    budgets: MemoryBudgets
    cursors: dict[str, Cursor | None] = field(default_factory=dict)

    def pages(self, stream: str, *, is_deep: bool = False) -> Iterator[Page]:
        """Read a stream to the end of its walk."""
        for _ in range(300):
            page = self.connection.fetch(stream, self.cursors.get(stream), is_deep=is_deep)
            self.cursors[stream] = page.cursor_after
            yield page
            if page.is_complete:
                return
        raise AssertionError("the walk does not end")

    def read(self, stream: str = "mentions") -> list[Item]:
        return [item for page in self.pages(stream) for item in page.items]

    def texts(self, stream: str = "mentions") -> list[str]:
        """Return what a stream's messages say, each once, in the order in which they are read."""
        return list(dict.fromkeys(item.text for item in self.read(stream) if isinstance(item, Message)))

    def message(self, external_id: str, stream: str = "mentions") -> Message:
        found = {item.external_id: item for item in self.read(stream) if isinstance(item, Message)}
        return found[external_id]

    def reply(self, to: Message, text: str, **changes: Any) -> Outgoing:
        """Word an answer as the house does before it is sent."""
        mode = "private" if to.audience == "direct" else "public"
        outgoing = Outgoing(text, to.external_id, to.ref, to.audience, mode, recipient=to.author)
        return self.connection.prepare(replace(outgoing, **changes), "key-1")


def open_desk(server: FakeServer, person: Person, token: str | None = None, **values: str) -> Desk:
    """Connect an account of a fake server, with a token of its own if none is given."""
    connector = MastodonConnector()
    budgets = MemoryBudgets()
    http = BudgetedHttp(Fetcher([server.url]), budgets, "channel:1", connector.read_budget)
    secret = Secret({"access_token": token or server.world.give_token(person), **values})
    account = Account(person.external_id, scope_of(server.url), server.world.acct(person), server.url)
    return Desk(connector.connect(Given(secret), http, account), budgets)


def make_http(server: FakeServer) -> BudgetedHttp:
    """Return a client as signing in uses it."""
    return BudgetedHttp(Fetcher([server.url]), MemoryBudgets(), "sign-in", MastodonConnector().read_budget)
