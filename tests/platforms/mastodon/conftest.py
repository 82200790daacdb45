"""A server with a shop, three of its customers, and the shop's desk."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.app import MovingClock
from tests.platforms.mastodon.desk import Desk, open_desk
from tests.platforms.mastodon.fake_server import FakeServer
from tests.platforms.mastodon.fake_world import Person, Status, World

# Real answers are no part of the project: they are read where the folder with them is named.
collect_ignore = [] if os.environ.get("RELEVO_RECORDINGS") else ["test_recordings.py"]


@dataclass
class Scene:
    """Who is there, the shop's first post, and the shop's desk."""

    server: FakeServer
    world: World
    shop: Person
    ana: Person
    ben: Person
    eva: Person  # of another server
    post: Status
    desk: Desk


MakeScene = Callable[..., Scene]


@pytest.fixture
def make_scene(moving_clock: MovingClock) -> Iterator[MakeScene]:
    """Give a maker of scenes; its words are the server's traits."""
    servers: list[FakeServer] = []

    def make(**traits: Any) -> Scene:
        server = FakeServer(moving_clock, **traits)
        servers.append(server)
        world = server.world
        shop = world.add_person("shop")
        ana, ben, eva = world.add_person("ana"), world.add_person("ben"), world.add_person("eva", "other.example")
        post = world.post(shop, "We are open again. Ask us anything!")
        return Scene(server, world, shop, ana, ben, eva, post, open_desk(server, shop))

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def scene(make_scene: MakeScene) -> Scene:
    """A server as Mastodon is."""
    return make_scene()
