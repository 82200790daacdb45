"""Pictures: sniffed by their bytes, fetched once, shown to those who see the message."""

import resource
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from inbox.channels.models import Channel
from inbox.media.erase import erase_of_messages, list_stray_files, path_of, remove_files
from inbox.media.fetching import sniff
from inbox.media.models import Media
from inbox.members import sessions
from inbox.members.models import Member
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_responder

MB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


class Pictures(BaseHTTPRequestHandler):
    """A server with a picture, a page that claims to be one, and a count of who asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        is_picture = self.path.startswith("/picture")
        body = PNG if is_picture else b"<script>alert(1)</script>"
        if self.path.startswith("/picture-of-8-mb"):
            body += bytes(8 * MB)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing."""


@pytest.fixture
def pictures(app: Flask) -> Iterator[str]:
    """Serve pictures from a place that the operator declared."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    was = app.config["RELEVO"]
    app.config["RELEVO"] = replace(was, local_services=frozenset({url}))
    Pictures.asked.clear()
    yield url
    app.config["RELEVO"] = was
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in(client: FlaskClient, session: Session, member: Member) -> None:
    _row, token = sessions.begin(session, member.id, "test", pace=Pace())
    session.commit()
    client.set_cookie(sessions.COOKIE, token)


def get(client: FlaskClient, number: int) -> TestResponse:
    """Ask for a picture and let the file go."""
    answer = client.get(f"/media/{number}")
    assert answer.data is not None
    answer.close()
    return answer


def make_picture(session: Session, channel: Channel, url: str, *, is_private: bool = False) -> int:
    media = Media(channel_id=channel.id, url=url, is_private=is_private)
    session.add(media)
    session.commit()
    return media.id


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PNG[:16], "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"<svg xmlns=", None),
        (b"<!doctype html>", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"", None),
    ],
)
def test_only_the_bytes_say_what_a_picture_is(head: bytes, expected: str | None) -> None:
    assert sniff(head) == expected


def test_a_picture_is_fetched_once_and_can_not_run(session: Session, client: FlaskClient, pictures: str) -> None:
    channel = make_channel(session)
    sign_in(client, session, make_responder(session, channel))
    number = make_picture(session, channel, f"{pictures}/picture.png")
    answers = [get(client, number) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].data == PNG
    assert Pictures.asked == ["/picture.png"]
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answers[0].headers["Content-Security-Policy"]


def test_what_is_not_a_picture_is_not_served_and_not_asked_for_again_at_once(
    session: Session, client: FlaskClient, pictures: str
) -> None:
    channel = make_channel(session)
    sign_in(client, session, make_responder(session, channel))
    number = make_picture(session, channel, f"{pictures}/page.png")
    assert [get(client, number).status_code for _ in range(2)] == [404, 404]
    assert Pictures.asked == ["/page.png"]
    assert session.get_one(Media, number).failure_code == "not_a_picture"


@pytest.fixture
def no_file_above_4_mb() -> Iterator[None]:
    """Let every larger file meet what a full disk says; the database's own files stay below."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MB, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_a_picture_and_not_the_page(
    app: Flask, session: Session, client: FlaskClient, pictures: str, no_file_above_4_mb: None
) -> None:
    channel = make_channel(session)
    sign_in(client, session, make_responder(session, channel))
    number = make_picture(session, channel, f"{pictures}/picture-of-8-mb.png")
    folder = app.config["RELEVO"].media_dir
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert get(client, number).status_code == 404
    assert session.get_one(Media, number).failure_code == "picture_not_kept"
    assert {path for path in folder.rglob("*") if path.is_file()} == before  # nothing half-written stays


def test_a_private_address_is_refused(session: Session, client: FlaskClient) -> None:
    channel = make_channel(session)
    sign_in(client, session, make_responder(session, channel))
    number = make_picture(session, channel, "http://169.254.169.254/latest/meta-data")
    assert get(client, number).status_code == 404
    assert session.get_one(Media, number).digest is None


def test_only_who_sees_the_message_sees_its_picture(session: Session, client: FlaskClient, pictures: str) -> None:
    channel = make_channel(session)
    public = make_picture(session, channel, f"{pictures}/picture-1.png")
    private = make_picture(session, channel, f"{pictures}/picture-2.png", is_private=True)
    sign_in(client, session, make_responder(session, channel, can_see_private=False))
    assert get(client, public).status_code == 200
    assert get(client, private).status_code == 404
    sign_in(client, session, make_responder(session, make_channel(session)))
    assert get(client, public).status_code == 404
    assert "/picture-2.png" not in Pictures.asked


def test_files_go_with_the_last_row_that_shows_them(
    app: Flask, session: Session, client: FlaskClient, pictures: str
) -> None:
    channel = make_channel(session)
    sign_in(client, session, make_responder(session, channel))
    numbers = [make_picture(session, channel, f"{pictures}/picture-{n}.png") for n in range(2)]
    for number in numbers:
        get(client, number)
    folder = app.config["RELEVO"].media_dir
    digest = session.get_one(Media, numbers[0]).digest
    assert digest is not None
    session.delete(session.get_one(Media, numbers[0]))
    session.commit()
    assert digest not in list_stray_files(session, folder)
    session.delete(session.get_one(Media, numbers[1]))
    session.commit()
    assert digest in list_stray_files(session, folder)
    remove_files(folder, [digest])
    assert not path_of(folder, digest).exists()
    assert erase_of_messages(session, []) == []
