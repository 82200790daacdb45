"""Relevo itself on the network."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from flask import Flask
from sqlalchemy.orm import Session

from tests.network.bluesky.network import Network
from tests.network.bluesky.people import Somebody, eventually
from tests.platforms.bluesky.product import Product, connect_product


@dataclass
class OnNetwork(Product):
    """A channel of the shop's, with the network beneath it."""

    network: Network
    owner: Somebody

    def until(self, is_so: Callable[[], object], what: str, *, is_deep: bool = False) -> None:
        """Let workers work until something is so."""

        def work() -> bool:
            self.work(is_deep=is_deep)
            return bool(is_so())

        eventually(work, what)

    def poll_until(self, uris: set[str]) -> None:
        """Poll until everything was received."""
        self.until(lambda: uris <= self.received().keys(), f"{len(uris)} messages in the database")


def connect_shop(network: Network, owner: Somebody, app: Flask, session: Session) -> OnNetwork:
    """Connect the shop's account; the network has no private messages."""
    password = owner.app_password()
    given = {"handle": owner.handle, "app_password": password, "service_url": network.pds, "public_only": "1"}
    made = connect_product(app, session, given, [network.pds, network.doorway.url])
    known = {field.name: getattr(made, field.name) for field in fields(Product)}
    return OnNetwork(**known, network=network, owner=owner)
