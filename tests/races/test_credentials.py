"""A credential that is refreshed and whatever happens to it meanwhile (RULES E4); rotation of keys beside it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from inbox.channels import credentials
from inbox.channels.credentials import REFRESH_LEASE_SECONDS, Keeper
from inbox.channels.models import Credential
from inbox.platforms.contract import Refresher, Secret, TokenExpired
from inbox.security import Vault
from tests.factories.basics import make_channel
from tests.fixtures.app import MovingClock
from tests.races.meeting import in_transaction, overlap

KEY = Fernet.generate_key().decode()
VAULT = Vault((KEY,))


@pytest.fixture
def keeper(session: Session, engine: Engine) -> Keeper:
    channel_id = make_channel(session).id
    credentials.keep(session, VAULT, channel_id, Secret({"refresh": "one"}))
    session.commit()
    return Keeper(lambda: Session(engine), VAULT, channel_id)


def gets(token: str, meanwhile: Callable[[], object] = lambda: None) -> Refresher:
    """Return an exchange at the platform that takes its time, in which something happens."""

    def refresher(old: Secret) -> Secret:
        assert old.values
        meanwhile()
        return Secret({"refresh": token})

    return refresher


def test_a_refresher_that_outlived_its_lease_does_not_put_its_pair_over_the_next_ones(
    keeper: Keeper, moving_clock: MovingClock
) -> None:
    stale = keeper.current()

    def another_takes_over() -> None:
        moving_clock.move(REFRESH_LEASE_SECONDS + 1)
        assert keeper.refresh(gets("three"), stale).values["refresh"] == "three"

    assert keeper.refresh(gets("two", another_takes_over), stale).values["refresh"] == "three"
    assert keeper.current().values["refresh"] == "three"


def test_a_refresher_that_outlived_its_lease_and_was_first_after_all_is_kept(
    keeper: Keeper, moving_clock: MovingClock
) -> None:
    stale = keeper.current()
    slow = gets("two", lambda: moving_clock.move(REFRESH_LEASE_SECONDS + 1))
    assert keeper.refresh(slow, stale).values["refresh"] == "two"
    assert keeper.refresh(gets("never asked"), stale).values["refresh"] == "two"


def test_a_sign_in_during_a_refresh_is_not_written_over(keeper: Keeper, engine: Engine) -> None:
    def sign_in() -> None:
        fresh = Secret({"refresh": "signed in anew"})
        in_transaction(engine, lambda session: credentials.keep(session, VAULT, keeper.channel_id, fresh))

    assert keeper.refresh(gets("two", sign_in), keeper.current()).values["refresh"] == "signed in anew"
    assert keeper.current().values["refresh"] == "signed in anew"


def test_a_refresh_during_a_sign_in_waits_and_takes_the_new_one(keeper: Keeper, engine: Engine) -> None:
    stale, fresh = keeper.current(), Secret({"refresh": "signed in anew"})
    _, taken = overlap(
        engine,
        lambda session: credentials.keep(session, VAULT, keeper.channel_id, fresh),
        lambda: keeper.refresh(gets("never asked"), stale),
    )
    assert taken == fresh


def test_a_channel_that_is_disconnected_during_a_refresh_has_no_credential_again(
    keeper: Keeper, engine: Engine
) -> None:
    def disconnect() -> None:
        in_transaction(engine, lambda session: credentials.forget(session, keeper.channel_id))

    with pytest.raises(TokenExpired):
        keeper.refresh(gets("two", disconnect), keeper.current())
    assert in_transaction(engine, lambda session: session.get(Credential, keeper.channel_id)) is None


def test_a_refresh_that_begins_during_a_disconnection_finds_none(keeper: Keeper, engine: Engine) -> None:
    stale = keeper.current()
    _, found = overlap(
        engine,
        lambda session: credentials.forget(session, keeper.channel_id),
        lambda: keeper.refresh(gets("never asked"), stale),
    )
    assert isinstance(found, TokenExpired)


@dataclass
class KeysFile:
    """The keys as the data folder keeps them; a worker that runs has read them once."""

    keys: tuple[str, ...] = (KEY,)

    def read(self) -> tuple[str, ...]:
        """Return them as they are now."""
        return self.keys

    def rotate(self, session: Session) -> None:
        """Do what `relevo keys rotate` does: a new key first, then everything sealed with it."""
        self.keys = (Fernet.generate_key().decode(), *self.keys)
        credentials.rotate_all(session, Vault(self.keys))

    def worker(self, keeper: Keeper) -> Keeper:
        """Return a worker that was started just now."""
        return Keeper(keeper.make_session, Vault(self.keys, self.read), keeper.channel_id)


def test_keys_are_rotated_while_a_worker_runs_and_it_goes_on_without_a_restart(keeper: Keeper, engine: Engine) -> None:
    file = KeysFile()
    worker = file.worker(keeper)
    assert worker.current().values["refresh"] == "one"
    in_transaction(engine, file.rotate)
    assert worker.current().values["refresh"] == "one"


def test_keys_are_rotated_during_a_refresh_and_the_fresh_pair_stays(keeper: Keeper, engine: Engine) -> None:
    file = KeysFile()
    worker = file.worker(keeper)
    worker.refresh(gets("two", lambda: in_transaction(engine, file.rotate)), worker.current())
    assert worker.current().values["refresh"] == "two"
    assert file.worker(keeper).current().values["refresh"] == "two"


def test_a_refresh_begins_during_a_rotation_and_its_pair_stays(keeper: Keeper, engine: Engine) -> None:
    file = KeysFile()
    worker = file.worker(keeper)
    stale = worker.current()
    _, got = overlap(engine, file.rotate, lambda: worker.refresh(gets("two"), stale))
    assert got == Secret({"refresh": "two"})
    assert file.worker(keeper).current().values["refresh"] == "two"


def test_a_rotation_that_meets_a_fresh_pair_before_its_commit_seals_that_one(keeper: Keeper, engine: Engine) -> None:
    file = KeysFile()
    pair = Secret({"refresh": "two"})
    overlap(
        engine,
        lambda session: credentials.keep(session, VAULT, keeper.channel_id, pair),
        lambda: in_transaction(engine, file.rotate),
    )
    sealed = in_transaction(engine, lambda session: session.scalars(select(Credential.sealed)).one())
    assert credentials.unseal(Vault(file.keys[:1]), sealed) == pair
