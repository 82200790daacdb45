"""One refresher a credential, and the new pair kept before it is used (RULES E4)."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.channels import credentials
from inbox.channels.credentials import Keeper
from inbox.database import db
from inbox.errors import Invalid
from inbox.platforms.contract import Secret, TokenExpired
from inbox.security import Vault, new_key, scrub
from tests.factories.basics import make_channel
from tests.factories.channels import make_vault


@pytest.fixture
def make_session(app: Flask) -> Callable[[], Session]:
    with app.app_context():
        engine = db.engine
    return lambda: Session(engine)


def keeper_with(session: Session, make_session: Callable[[], Session], vault: Vault, token: str) -> Keeper:
    channel_id = make_channel(session).id
    credentials.keep(session, vault, channel_id, Secret({"refresh": token}))
    session.commit()
    return Keeper(make_session, vault, channel_id)


def test_twenty_threads_with_a_stale_token_refresh_it_once(
    session: Session, make_session: Callable[[], Session]
) -> None:
    keeper = keeper_with(session, make_session, make_vault(), "one")
    calls: list[str] = []

    def refresher(old: Secret) -> Secret:
        calls.append(old.values["refresh"])
        return Secret({"refresh": "two"})

    stale = keeper.current()
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.append(keeper.refresh(refresher, stale).values["refresh"]))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["one"]
    assert got == ["two"] * 20
    assert keeper.current().values["refresh"] == "two"


def test_a_refresh_that_fails_frees_the_lease_for_the_next(
    session: Session, make_session: Callable[[], Session]
) -> None:
    keeper = keeper_with(session, make_session, make_vault(), "one")

    def dead(old: Secret) -> Secret:
        raise TokenExpired(f"revoked {len(old.values)}")

    stale = keeper.current()
    with pytest.raises(TokenExpired):
        keeper.refresh(dead, stale)

    def alive(old: Secret) -> Secret:
        return Secret({"refresh": f"after {old.values['refresh']}"})

    assert keeper.refresh(alive, stale).values["refresh"] == "after one"


def test_a_key_that_is_not_there_gives_a_clear_error(session: Session, make_session: Callable[[], Session]) -> None:
    keeper = keeper_with(session, make_session, make_vault(), "one")
    with pytest.raises(Invalid) as wrong:
        Keeper(make_session, make_vault(), keeper.channel_id).current()
    assert wrong.value.code == "secret_key_does_not_fit"


def test_rotation_seals_everything_with_the_first_key(session: Session, make_session: Callable[[], Session]) -> None:
    old, new = new_key(), new_key()
    keeper = keeper_with(session, make_session, Vault((old,)), "one")
    assert credentials.rotate_all(session, Vault((new, old))) == 1
    session.commit()
    assert Keeper(make_session, Vault((new,)), keeper.channel_id).current().values["refresh"] == "one"
    with pytest.raises(Invalid):
        Keeper(make_session, Vault((old,)), keeper.channel_id).current()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        '{"accessJwt": "plantedsecret123"}',
        "https://x.example/?access_token=plantedsecret123&page=2",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "¿DPOP  abcdefgh12345678?",
        "APP_SECRET=plantedsecret123",
        "author\u0131zation: plantedsecret123",  # letters that a shape takes for others, whatever their case
        "acce\u017fs_to\u212aen=plantedsecret123",
    ],
)
def test_secrets_are_scrubbed_from_text(text: str) -> None:
    cleaned = scrub(scrub(text) + " plantedsecret456", ("plantedsecret456",))
    for secret in ("abcdefgh12345678", "plantedsecret", "eyJzdWIiOiJ4In0"):
        assert secret not in cleaned
