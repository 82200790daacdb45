"""The stream process: server-sent events on a port of their own, so that pages never share its threads."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis
import structlog
from flask import Flask, Response, jsonify, request
from flask_babel import force_locale
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.database import db, read_only
from inbox.live import announce
from inbox.live.audience import access_digest
from inbox.live.hub import Hub, Subscriber, as_event, read_batch
from inbox.live.renderers import render_rows
from inbox.live.tail import read_after
from inbox.members import sessions
from inbox.numbers import read_number
from inbox.settings import Settings

log = structlog.get_logger()
HEARTBEAT_SECONDS = 15.0
MOST_AFTER_A_BREAK = 100
LOCALES = ("en", "es")


def make_stream_app(main: Flask) -> Flask:
    """Make the streams' own application beside the web's, whose templates and database it uses."""
    settings: Settings = main.config["RELEVO"]
    app = Flask("inbox.live")
    app.config["RELEVO"] = settings
    with main.app_context():
        engine = db.engine
    hub = Hub(lambda: Session(engine), settings.pace, lambda locale: _rendering(main, locale))
    app.extensions["hub"] = hub
    streams = Streams(main, engine, hub, settings)
    app.add_url_rule("/stream", "stream", streams.open, methods=["GET"])
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok", streams=hub.count))
    app.after_request(streams.allow_origin)
    return app


def start(app: Flask) -> None:
    """Start the threads: one looks at the tail, one listens to Redis and wakes it."""
    hub: Hub = app.extensions["hub"]
    hub.start()
    settings: Settings = app.config["RELEVO"]
    if settings.redis_url:
        threading.Thread(target=_listen, args=(settings.redis_url, hub), name="listen", daemon=True).start()


def _listen(redis_url: str, hub: Hub) -> None:
    while True:
        try:
            heard = redis.Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis leaves it untyped
            heard.subscribe(announce.CHANNEL)
            for _ in heard.listen():
                hub.look_now()
        except redis.RedisError:
            time.sleep(1)  # meanwhile the hub looks by itself every second


@contextmanager
def _rendering(main: Flask, locale: str) -> Iterator[None]:
    with main.test_request_context("/"), force_locale(locale):
        yield


class Streams:
    """Answers /stream: who may listen, and what is written until the stream's life ends."""

    def __init__(self, main: Flask, engine: Engine, hub: Hub, settings: Settings) -> None:
        self._main = main
        self._engine = engine
        self._hub = hub
        self._settings = settings

    def open(self) -> Response:
        """Begin a stream: 401 without a session, 503 with Retry-After above the cap."""
        token = request.cookies.get(sessions.COOKIE, "")
        access = self._access(token)
        if access is None:
            return Response("sign in first\n", 401)
        member_id, digest = access
        locale = request.args.get("locale", "en")
        subscriber = Subscriber(member_id, locale if locale in LOCALES else "en")
        if not self._hub.add(subscriber, self._settings.stream_cap):
            return Response("too many streams\n", 503, {"Retry-After": "30"})
        missed = self._missed(subscriber, request.headers.get("Last-Event-ID") or request.args.get("after", ""))
        body = self._write(subscriber, token, digest, missed)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
        return Response(body, mimetype="text/event-stream", headers=headers)

    def allow_origin(self, response: Response) -> Response:
        """Answer cross-origin requests with credentials to the web's own origin alone."""
        origin = request.headers.get("Origin")
        if origin and origin in self._web_origins():
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Vary"] = "Origin"
        return response

    def _web_origins(self) -> set[str]:
        if self._settings.public_url:
            parts = urlsplit(self._settings.public_url)
            return {f"{parts.scheme}://{parts.netloc}"}
        host = request.host.rsplit(":", 1)[0] if ":" in request.host else request.host
        return {f"{request.scheme}://{host}:{self._settings.port}"}

    def _access(self, token: str) -> tuple[int, str] | None:
        """Return whose session this is and a digest of what they may; None when it has ended."""
        if not token:
            return None
        with read_only(), Session(self._engine) as session:
            found = sessions.find_live(session, token, pace=self._settings.pace)
            if found is None or found.member.must_change_password:
                return None
            return found.member.id, access_digest(session, found.member.id)

    def _missed(self, subscriber: Subscriber, last_id: str) -> str:
        """Return what the page missed since the event it saw last."""
        last = read_number(last_id)
        if last is None:
            return ""
        with read_only(), Session(self._engine) as session:
            changes = read_after(session, last, self._settings.pace.stream_reread_seconds)
            if changes is None:
                return "event: reload\ndata: {}\n\n"
            batch = read_batch(session, changes)
            heard = batch.heard_by(subscriber.member_id)
            if not heard:
                return ""
            if len({change.conversation_id for change in heard}) > MOST_AFTER_A_BREAK:
                return "event: reload\ndata: {}\n\n"
            with _rendering(self._main, subscriber.locale):
                rows = render_rows(session, sorted(batch.places), subscriber.locale)
            return as_event(heard, rows)

    def _write(self, subscriber: Subscriber, token: str, digest: str, missed: str) -> Iterator[str]:
        """Write events until the stream has lived its time or its member may no longer hear them."""
        pace = self._settings.pace
        ends = time.monotonic() + pace.stream_life_seconds
        check = time.monotonic() + pace.stream_revoke_seconds
        try:
            yield f"retry: 2000\n\nevent: hello\ndata: {{}}\n\n{missed}"
            while time.monotonic() < ends and not subscriber.has_overflowed:
                yield self._next(subscriber, min(check, ends))
                if time.monotonic() >= check:
                    if self._access(token) != (subscriber.member_id, digest):
                        yield "event: closed\ndata: {}\n\n"
                        return
                    check = time.monotonic() + pace.stream_revoke_seconds
            yield "event: reload\ndata: {}\n\n" if subscriber.has_overflowed else "event: bye\ndata: {}\n\n"
        finally:
            self._hub.remove(subscriber)

    def _next(self, subscriber: Subscriber, until: float) -> str:
        """Return the next event, or a heartbeat: without one a closed page would never be noticed."""
        wait = max(0.05, min(until - time.monotonic(), HEARTBEAT_SECONDS))
        try:
            return subscriber.events.get(timeout=wait)
        except queue.Empty:
            return ": still here\n\n"
