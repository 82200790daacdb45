"""Signing in: on the server by OAuth, or with a token; what each server lacks, and what was wrong."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.channels import apps
from inbox.channels.connections import find_sign_in_there
from inbox.channels.models import Channel, ChannelState, Credential, PlatformApp
from inbox.cli import main
from inbox.members.models import Member
from inbox.platforms.contract import PlatformError
from inbox.platforms.http import BudgetedHttp
from inbox.platforms.mastodon.connector import MastodonConnector
from inbox.platforms.mastodon.profile import SCOPES
from inbox.platforms.mastodon.signing_in import clean_service
from inbox.platforms.outgoing import Verified
from inbox.platforms.signing_in import App, Begun, SignIn
from inbox.security import Vault
from tests.factories.basics import make_member
from tests.factories.channels import make_vault
from tests.factories.members import form_token, sign_in_as
from tests.fixtures.app import MovingClock
from tests.platforms.mastodon.conftest import MakeScene, Scene
from tests.platforms.mastodon.desk import make_http
from tests.platforms.mastodon.fake_server import agree
from tests.platforms.mastodon.fake_world import Person

BACK = "https://desk.example/channels/connect/back"


def begin(scene: Scene, app: App | None = None) -> Begun:
    wanted = SignIn({"service_url": scene.server.url}, BACK, "state-1")
    return MastodonConnector().begin_sign_in(wanted, app, make_http(scene.server))


def finish(scene: Scene, begun: Begun, person: Person, **changes: str) -> Verified:
    code = parse_qs(urlsplit(agree(scene.server, begun.url, person)).query)["code"][0]
    pending = dict(begun.pending) | changes
    secret, verified = MastodonConnector().finish_sign_in(pending, begun.app, code, make_http(scene.server))
    assert secret.values["access_token"] in scene.world.tokens
    assert secret.values["access_token"] not in repr(secret)
    return verified


def asked_scopes(begun: Begun) -> set[str]:
    return set(parse_qs(urlsplit(begun.url).query)["scope"][0].split())


@pytest.mark.parametrize(
    ("traits", "scopes"),
    [
        ({}, set(SCOPES)),
        ({"scopes_supported": None}, set(SCOPES)),  # before Mastodon 4.3
        ({"scopes_supported": None, "version": "takahe/0.11.0"}, {"read", "write"}),
        ({"scopes_supported": None, "refuses_fine_scopes": True}, {"read", "write"}),
        ({"scopes_supported": ("read", "write", "follow")}, {"read", "write"}),
        ({"scopes_supported": None, "version": "4.0.0 (not true; really snac/2.94)", "instance_v2": 404,
          "knows_pkce": False}, {"read", "write"}),
    ],
)  # fmt: skip
def test_a_member_signs_in_on_the_server(make_scene: MakeScene, traits: dict[str, Any], scopes: set[str]) -> None:
    scene = make_scene(**traits)
    begun = begin(scene)
    query = parse_qs(urlsplit(begun.url).query)
    assert asked_scopes(begun) == scopes
    assert query["state"] == ["state-1"]
    assert query["code_challenge_method"] == ["S256"]
    assert begun.pending["verifier"] not in begun.url
    verified = finish(scene, begun, scene.shop)
    assert (verified.external_id, verified.handle) == (scene.shop.external_id, "shop")
    assert verified.scope == scene.world.domain
    assert set(verified.permissions) == scopes


def test_the_verifier_and_the_code_must_be_right(make_scene: MakeScene) -> None:
    scene = make_scene()
    with pytest.raises(PlatformError) as wrong:
        finish(scene, begin(scene), scene.shop, verifier="of-somebody-else")
    assert wrong.value.code == "code_refused"
    scene = make_scene(takes_any_code=True)
    begun = begin(scene)
    with pytest.raises(PlatformError) as wrong:  # it gives a token for any code: only whose it is proves it
        MastodonConnector().finish_sign_in(begun.pending, begun.app, "guessed", make_http(scene.server))
    assert wrong.value.code == "token_refused"


def test_an_app_is_kept_until_its_server_forgets_it(scene: Scene) -> None:
    first = begin(scene)
    assert begin(scene, first.app).app == first.app
    assert scene.server.paths("POST").count("/api/v1/apps") == 1
    scene.world.apps.clear()
    scene.world.apps["app-other"] = {}
    second = begin(scene, first.app)
    assert second.app.client_id != first.app.client_id
    scene.world.apps.clear()
    with pytest.raises(PlatformError) as wrong:
        MastodonConnector().finish_sign_in(second.pending, second.app, "code-1", make_http(scene.server))
    assert wrong.value.code == "app_refused"


def test_addresses_elsewhere_are_not_believed(scene: Scene) -> None:
    said = b'{"authorization_endpoint": "https://evil.example/a", "token_endpoint": "javascript:alert(1)"}'
    scene.server.faults.by_path["GET /.well-known/oauth-authorization-server"] = (200, {}, said)
    begun = begin(scene)
    assert begun.url.startswith(f"{scene.server.url}/oauth/authorize?")
    assert finish(scene, begun, scene.shop).handle == "shop"


def test_what_is_granted_must_be_what_is_needed(scene: Scene) -> None:
    begun = begin(scene)
    url = begun.url.replace("+write%3Astatuses", "")
    with pytest.raises(PlatformError) as lacks:
        finish(scene, replace(begun, url=url), scene.shop)
    assert lacks.value.code == "permission_missing_writing"
    assert "write:statuses" in lacks.value.detail


def test_a_pasted_token_is_enough(scene: Scene) -> None:
    typed = {"service_url": scene.server.url, "access_token": f" {scene.world.give_token(scene.shop)}\n"}
    secret, verified = MastodonConnector().sign_in(typed, make_http(scene.server))
    assert (verified.handle, verified.is_alive) == ("shop", True)
    assert verified.permissions == ("read", "write")
    assert secret.values["api_version"] == "11"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"access_token": ""}, "token_missing"),
        ({"access_token": "wrong-token"}, "token_refused"),
        ({"service_url": ""}, "server_missing"),
        ({"service_url": "http://shop.example"}, "plain_http_refused"),
        ({"service_url": "10.1.2.3"}, "address_refused"),
        ({"service_url": "no-such-host.invalid"}, "host_not_found"),
    ],
)
def test_what_was_wrong(scene: Scene, typed: dict[str, str], code: str) -> None:
    given = {"service_url": scene.server.url, "access_token": scene.world.give_token(scene.shop)} | typed
    with pytest.raises(PlatformError) as wrong:
        MastodonConnector().sign_in(given, make_http(scene.server))
    assert wrong.value.code == code


def test_a_token_that_may_not_do_everything_is_refused_with_what_it_lacks(scene: Scene) -> None:
    token = scene.world.give_token(scene.shop, "read:accounts read:notifications read:statuses write:statuses")
    with pytest.raises(PlatformError) as lacks:
        MastodonConnector().sign_in({"service_url": scene.server.url, "access_token": token}, make_http(scene.server))
    assert lacks.value.code == "permission_missing_likes"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("social.example", "https://social.example"),
        (" HTTPS://Social.Example/@shop/ ", "https://social.example"),
        ("@shop@social.example", "https://social.example"),
        ("shop@social.example", "https://social.example"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ],
)
def test_a_server_is_understood_as_typed(typed: str, address: str) -> None:
    assert clean_service(typed) == address


@pytest.fixture
def office(app: Flask, session: Session, scene: Scene) -> Any:
    """An admin's browser, on an installation that may call the fake server."""
    app.config["RELEVO"] = replace(app.config["RELEVO"], local_services=frozenset([scene.server.url]))
    member = make_member(session, is_admin=True)
    return sign_in_as(app, session, session.get_one(Member, member.id))


def go(office: Any, path: str, url: str, **more: Any) -> Any:
    token = form_token(office, "/channels/connect")
    return office.post(path, data={"csrf_token": token, "platform": "mastodon", "service_url": url, **more})


def target_of(page: Any, scene: Scene) -> str:
    assert page.status_code == 200
    start = page.text.index(f'href="{scene.server.url}/oauth/authorize') + len('href="')
    return str(page.text[start : page.text.index('"', start)].replace("&amp;", "&"))


def come_back(office: Any, url: str) -> Any:
    parts = urlsplit(url)
    return office.get(f"{parts.path}?{parts.query}")


def test_in_the_browser_from_a_domain_to_a_channel(session: Session, scene: Scene, office: Any) -> None:
    assert "social.example" in office.get("/channels/connect?platform=mastodon").text
    target = target_of(go(office, "/channels/connect", scene.server.url), scene)
    back = agree(scene.server, target, scene.shop)
    done = come_back(office, back)
    assert done.status_code == 303
    session.rollback()
    channel = session.scalars(select(Channel)).one()
    assert (channel.platform, channel.handle, channel.state) == ("mastodon", "shop", ChannelState.ACTIVE)
    assert {stream.name for stream in channel.streams} == {"mentions", "own_posts"}
    app = session.scalars(select(PlatformApp)).one()
    assert b"secret-of-the-app" not in app.sealed
    assert come_back(office, back).status_code == 400  # a state counts once
    again = target_of(go(office, f"/channels/{channel.id}/reconnect", ""), scene)
    assert session.scalar(select(func.count()).select_from(PlatformApp)) == 1

    wrong = come_back(office, agree(scene.server, again, scene.ana))
    assert "That is ana, not shop." in wrong.text
    session.rollback()
    kept = session.get_one(Credential, channel.id).version
    right = target_of(go(office, f"/channels/{channel.id}/reconnect", ""), scene)
    assert come_back(office, agree(scene.server, right, scene.shop)).status_code == 303
    session.rollback()
    assert session.get_one(Credential, channel.id).version == kept + 1
    assert session.scalar(select(func.count()).select_from(Channel)) == 1


def test_a_state_of_another_session_or_another_time_connects_nothing(
    app: Flask, session: Session, scene: Scene, office: Any, moving_clock: MovingClock
) -> None:
    back = agree(scene.server, target_of(go(office, "/channels/connect", scene.server.url), scene), scene.shop)
    other = sign_in_as(app, session, make_member(session, is_admin=True))
    stolen = office.get_cookie("relevo_page")
    assert "That sign-in was begun elsewhere" in come_back(other, back).text
    other.set_cookie("relevo_page", stolen.value)
    assert "That sign-in was begun elsewhere" in come_back(other, back).text
    assert "That sign-in was begun elsewhere" in come_back(office, back.replace("state=", "state=x")).text
    back = agree(scene.server, target_of(go(office, "/channels/connect", scene.server.url), scene), scene.shop)
    moving_clock.move(901)
    assert "That sign-in was begun elsewhere" in come_back(office, back).text
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Channel)) == 0


def test_a_code_that_comes_back_from_another_server_is_given_to_nobody(
    session: Session, scene: Scene, office: Any
) -> None:
    target = target_of(go(office, "/channels/connect", scene.server.url), scene)
    query = parse_qs(urlsplit(target).query)
    own, other = (apps.way_back("mastodon", url) for url in (scene.server.url, "https://honest.example"))
    assert query["redirect_uri"][0].endswith(f"/channels/connect/back/{own}")
    scene.server.asked.clear()
    page = office.get(f"/channels/connect/back/{other}?code=of-the-honest-one&state={query['state'][0]}")
    assert "That sign-in was begun elsewhere" in page.text
    assert scene.server.asked == []
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Channel)) == 0


class Slow:
    """A client whose every call takes four seconds of a clock that only it moves."""

    def __init__(self, http: BudgetedHttp) -> None:
        self.http, self.now, self.waits = http, 100.0, list[float]()

    def read(self, url: str, **more: Any) -> Any:
        return self._after(self.http.read, url, more)

    def write(self, url: str, **more: Any) -> Any:
        return self._after(self.http.write, url, more)

    def _after(self, call: Any, url: str, more: dict[str, Any]) -> Any:
        self.waits.append(more["timeout_seconds"])
        self.now += 4
        return call(url, **more)


def test_signing_in_is_over_within_ten_seconds(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(make_http(scene.server))
    monkeypatch.setattr("inbox.platforms.hurry.monotonic", lambda: slow.now)
    given = {"service_url": scene.server.url, "access_token": scene.world.give_token(scene.shop)}
    with pytest.raises(PlatformError) as late:
        MastodonConnector().sign_in(given, slow)
    assert (late.value.code, slow.waits) == ("timeout", [10, 6, 2])
    begun = begin(scene)
    code = parse_qs(urlsplit(agree(scene.server, begun.url, scene.shop)).query)["code"][0]
    with pytest.raises(PlatformError) as late:
        MastodonConnector().finish_sign_in(begun.pending, begun.app, code, slow)
    assert late.value.code == "timeout"
    assert max(slow.waits[3:]) <= 10
    assert len(slow.waits) == 6


def test_a_server_that_says_no_is_quoted_and_the_form_stands_again(session: Session, scene: Scene, office: Any) -> None:
    target = target_of(go(office, "/channels/connect", scene.server.url), scene)
    state = parse_qs(urlsplit(target).query)["state"][0]
    way = urlsplit(parse_qs(urlsplit(target).query)["redirect_uri"][0]).path
    page = office.get(f"{way}?error=access_denied&state={state}")
    assert "The sign-in was refused on" in page.text
    assert scene.server.url in page.text
    target = target_of(go(office, "/channels/connect", scene.server.url), scene)
    state = parse_qs(urlsplit(target).query)["state"][0]
    page = office.get(f"{way}?error=invalid_client&state={state}")
    assert "does not know Relevo any more" in page.text
    session.rollback()
    assert session.scalar(select(func.count()).select_from(PlatformApp)) == 0


def test_a_token_is_pasted_in_the_browser(session: Session, scene: Scene, office: Any) -> None:
    page = go(office, "/channels/connect", scene.server.url, access_token="wrong-token")
    assert "does not know this token" in page.text
    assert "wrong-token" not in page.text
    done = go(office, "/channels/connect", scene.server.url, access_token=scene.world.give_token(scene.shop))
    assert done.status_code == 303


def test_apps_are_sealed_anew_with_the_keys(session: Session) -> None:
    vault = make_vault()
    apps.keep_app(session, vault, "mastodon", "https://social.example", BACK, App("id", "the-secret", "read"))
    key = Fernet.generate_key().decode()
    old = vault._keys
    assert apps.rotate_all(session, Vault((key, *old))) == 1
    assert apps.find_app(session, Vault((key,)), "mastodon", "https://social.example", BACK) == App(
        "id", "the-secret", "read"
    )
    assert apps.find_app(session, vault, "mastodon", "https://other.example", BACK) is None


def test_only_some_platforms_are_signed_in_on_themselves() -> None:
    assert find_sign_in_there("mastodon") is not None
    assert find_sign_in_there("bluesky") is None


def run(app: Flask, monkeypatch: pytest.MonkeyPatch, words: list[str], typed: str) -> Any:
    monkeypatch.setattr("inbox.create_app", lambda *_, **__: app)
    return CliRunner().invoke(main, ["channel", "connect", "mastodon", *words], input=typed)


@pytest.mark.usefixtures("office")
def test_on_the_command_line_with_a_token(
    app: Flask, session: Session, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(app, monkeypatch, [scene.server.url], "wrong-token\n")
    assert (done.exit_code, "does not know this token" in done.stderr) == (1, True)
    assert "wrong-token" not in done.output
    done = run(app, monkeypatch, [scene.server.url], f"{scene.world.give_token(scene.shop)}\n")
    (made,) = session.scalars(select(Channel.id)).all()
    assert (done.exit_code, done.output) == (0, f"connected shop as channel {made}\n"), done.stderr


@pytest.mark.usefixtures("office")
def test_on_the_command_line_with_the_code_that_the_server_shows(
    app: Flask, session: Session, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def type_code(_: str) -> str:
        back = agree(scene.server, shown[-1], scene.shop)
        assert back.startswith("urn:ietf:wg:oauth:2.0:oob?")
        return parse_qs(back.partition("?")[2])["code"][0]

    shown: list[str] = []
    monkeypatch.setattr("inbox.commands.channel._read_secret", type_code)
    echo = click.echo

    def listen(said: str, **more: Any) -> None:
        shown.extend(word for word in said.split() if "/oauth/authorize" in word)
        echo(said, **more)

    monkeypatch.setattr("inbox.commands.channel.click.echo", listen)
    done = run(app, monkeypatch, [scene.server.url, "--browser"], "")
    assert done.exit_code == 0, done.stderr
    assert session.scalars(select(Channel.handle)).all() == ["shop"]
