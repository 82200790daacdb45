"""A network with a shop, two of its customers and a stranger."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.desk import Desk, open_desk
from tests.platforms.bluesky.fake_network import FakeNetwork, fake_network
from tests.platforms.bluesky.fake_world import Person, Record, World

# Real answers are no part of the project: they are read where the folder with them is named.
collect_ignore = [] if os.environ.get("RELEVO_RECORDINGS") else ["test_recordings.py"]


@dataclass
class Scene:
    """Who is there, the shop's first post, and the shop's desk."""

    network: FakeNetwork
    world: World
    shop: Person
    ana: Person
    ben: Person
    post: Record
    desk: Desk


@pytest.fixture
def scene(moving_clock: MovingClock) -> Iterator[Scene]:
    with fake_network(moving_clock) as network:
        world = network.world
        shop = world.add_person("shop.test", name="The Shop")
        ana = world.add_person("ana.test", name="Ana Álvarez")
        ben = world.add_person("ben.test")
        post = world.post(shop, "We are open again. Ask us anything!")
        yield Scene(network, world, shop, ana, ben, post, open_desk(network, shop))
