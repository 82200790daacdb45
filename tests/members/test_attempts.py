"""Failures are counted in Redis, and in the process itself while Redis is away."""

import pytest
import redis

from inbox.members.attempts import PER_ADDRESS, PER_EMAIL, Attempts
from tests.fixtures.app import MovingClock


@pytest.fixture
def empty_redis(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
    return redis_url


def _fail(attempts: Attempts, count: int, *, address: str = "192.0.2.1", email: str = "eva@acme.example") -> None:
    for _ in range(count):
        attempts.note_failure(address, email)


def _exhaust(attempts: Attempts) -> None:
    _fail(attempts, PER_EMAIL.amount)
    assert not attempts.are_left("192.0.2.99", " Eva@Acme.example")
    assert attempts.are_left("192.0.2.1", "marta@acme.example")
    for number in range(PER_ADDRESS.amount - PER_EMAIL.amount):
        _fail(attempts, 1, email=f"guess{number}@acme.example")
    assert not attempts.are_left("192.0.2.1", "marta@acme.example")
    assert attempts.are_left("192.0.2.2", "marta@acme.example")


def test_both_processes_count_together(empty_redis: str) -> None:
    _fail(Attempts(empty_redis), PER_EMAIL.amount - 1)
    other = Attempts(empty_redis)
    assert other.are_left("192.0.2.7", "eva@acme.example")
    _exhaust(other)


def test_redis_learns_no_addresses_of_members(empty_redis: str) -> None:
    _fail(Attempts(empty_redis), 1)
    with redis.Redis.from_url(empty_redis) as connection:
        keys = [key.decode() for key in connection.scan_iter()]
    assert len(keys) == 2
    assert not any("eva" in key for key in keys)


@pytest.mark.parametrize("url", ["", "unix:///nowhere/redis.sock?db=0", "redis://127.0.0.1:1/0"])
def test_without_redis_the_process_counts_alone(url: str, moving_clock: MovingClock) -> None:
    _exhaust(Attempts(url))


def test_after_half_a_minute_redis_is_asked_again(empty_redis: str, moving_clock: MovingClock) -> None:
    attempts = Attempts("unix:///nowhere/redis.sock?db=0")
    _exhaust(attempts)
    attempts._shared = Attempts(empty_redis)._shared
    assert not attempts.are_left("192.0.2.1", "eva@acme.example")
    moving_clock.move(31)
    assert attempts.are_left("192.0.2.1", "eva@acme.example")
