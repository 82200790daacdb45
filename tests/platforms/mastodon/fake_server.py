"""A server of Mastodon's API over real HTTP, in whatever personality a test wants, with faults to order."""

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.platforms.mastodon.fake_world import Json, Notification, Person, Personality, Status, World


@dataclass
class Faults:
    """What goes wrong next. `answers` are used up from the front; `by_path` holds until it is taken away."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    by_path: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    hang_ups_before: int = 0
    hang_ups_after_post: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: dict[str, str]
    headers: dict[str, str]


class Answer(Exception):
    """Ends a request with this."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class FakeServer:
    """A server with a world; `url` is its address."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), **traits: Any) -> None:
        server = self

        class Handler(_Handler):
            its = server

        self.faults, self.asked = Faults(), list[Asked]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.world = World(urlsplit(self.url).netloc, now)
        self.world.personality = Personality(**traits)
        self.open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, hanging up on everybody."""
        self._server.shutdown()
        self._server.server_close()
        self.hang_up()
        self._thread.join(5)

    def hang_up(self) -> None:
        """Close every connection without a word, as a server does with those that it kept open long enough."""
        for link in list(self.open):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()

    def paths(self, method: str = "GET") -> list[str]:
        """Return what was asked for."""
        return [one.path for one in self.asked if one.method == method]


@contextmanager
def fake_server(now: Callable[[], datetime] = lambda: datetime.now(UTC), **traits: Any) -> Iterator[FakeServer]:
    """Run a server for a block."""
    server = FakeServer(now, **traits)
    try:
        yield server
    finally:
        server.close()


class _HangUp(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    its: FakeServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.its.open.add(self.request)

    def handle(self) -> None:
        with suppress(ConnectionError):  # somebody who had enough of an answer hung up
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, parse_qsl(parts.query), form, headers)
        self.its.asked.append(asked)
        try:
            self._fail(asked)
            status, found, more = 200, *_Api(self.its, asked).answer()
        except Answer as answer:
            status, found, more = answer.status, answer.body, answer.headers
        except _HangUp:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if asked.method == "POST" and asked.path == "/api/v1/statuses" and self.its.faults.hang_ups_after_post:
            self.its.faults.hang_ups_after_post -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(status, found, more)

    def _fail(self, asked: Asked) -> None:
        faults = self.its.faults
        if faults.hang_ups_before:
            faults.hang_ups_before -= 1
            raise _HangUp
        fixed = faults.by_path.get(f"{asked.method} {asked.path}") or (
            faults.answers.pop(0) if faults.answers else None
        )
        if fixed:
            raise Answer(fixed[0], fixed[2], fixed[1])

    def _say(self, status: int, found: Any, more: dict[str, str]) -> None:
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response_only(status)
        said = {"Date": format_datetime(self.its.world.now(), usegmt=True), "Content-Type": "application/json"}
        for name, value in (said | self.its.faults.headers | more).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Api:
    """One request, answered in the server's personality."""

    def __init__(self, server: FakeServer, asked: Asked) -> None:
        self.server, self.asked, self.world = server, asked, server.world
        self.its = server.world.personality

    def answer(self) -> tuple[Any, dict[str, str]]:
        method, path = self.asked.method, self.asked.path
        public = {
            "GET /.well-known/oauth-authorization-server": self._metadata,
            "GET /api/v2/instance": self._instance_v2,
            "GET /api/v1/instance": self._instance_v1,
            "POST /api/v1/apps": self._register,
            "POST /oauth/token": self._token,
        }.get(f"{method} {path}")
        if public:
            return public(), {}
        me, scope = self._who()
        if path == "/api/v1/accounts/verify_credentials":
            return self.world.show_person(me), {}
        if path == "/api/v1/apps/verify_credentials":
            return {"name": "Relevo", "scopes": scope.split()}, {}
        if path == "/api/v1/notifications":
            self._need(scope, "read:notifications")
            return self._notifications(me)
        if path == f"/api/v1/accounts/{me.external_id}/statuses":
            return self._statuses(me)
        if path == "/api/v1/statuses" and method == "POST":
            self._need(scope, "write:statuses")
            return self.world.show(self._post(me)), {}
        if path == "/api/v1/statuses" and self.its.has_batches:
            ids = [value for name, value in self.asked.query if name == "id[]"]
            return [self.world.show(one) for one in map(self.world.statuses.get, ids) if one and not one.is_gone], {}
        return self._one(me, path, scope)

    def _need(self, scope: str, wanted: str) -> None:
        if not {wanted, wanted.partition(":")[0]} & set(scope.split()):
            raise Answer(403, {"error": "This action is outside the authorized scopes"})

    def _who(self) -> tuple[Person, str]:
        token = self.asked.headers.get("authorization", "").removeprefix("Bearer ")
        found = self.world.tokens.get(token)
        if found:
            return found
        is_me = self.asked.path.endswith("accounts/verify_credentials")
        status, body = (self.its.dead_token_on_me if is_me else None) or self.its.dead_token
        raise Answer(status, body.encode(), {"Content-Type": "text/html"} if not body.startswith("{") else {})

    def _metadata(self) -> Json:
        if self.its.scopes_supported is None:
            raise self._gone()
        base = self.server.url
        return {
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "scopes_supported": list(self.its.scopes_supported),
        }

    def _instance_v2(self) -> Json:
        if self.its.instance_v2 != 200:
            raise Answer(self.its.instance_v2, b"<html>no</html>", {"Content-Type": "text/html"})
        api = {"api_versions": {"mastodon": self.its.api_version}} if self.its.api_version else {}
        return self._instance_v1() | api

    def _instance_v1(self) -> Json:
        statuses = {"max_characters": self.its.max_length, "characters_reserved_per_url": 23}
        return {"version": self.its.version, "configuration": {"statuses": statuses}}

    def _register(self) -> Json:
        scopes = self.asked.form["scopes"]
        if self.its.refuses_fine_scopes and ":" in scopes:
            raise Answer(422, {"error": "Validation failed: Scopes doesn't match configured on the server."})
        app = {"client_id": f"app-{len(self.world.apps) + 1}", "client_secret": "secret-of-the-app"}
        self.world.apps[app["client_id"]] = app | {"scopes": scopes, "redirect_uris": self.asked.form["redirect_uris"]}
        return app

    def authorize(self, url: str, person: Person) -> str:
        """Let somebody agree on the page that `url` names; returns where they are sent back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        app = self.world.apps[query["client_id"]]
        assert query["redirect_uri"] == app["redirect_uris"]
        assert set(query["scope"].split()) <= set(app["scopes"].split())
        code = f"code-{len(self.world.codes) + 1}"
        self.world.codes[code] = query | {"person": person}
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def _token(self) -> Json:
        form = self.asked.form
        app = self.world.apps.get(form["client_id"])
        if app is None or app["client_secret"] != form["client_secret"]:
            raise Answer(401, {"error": "invalid_client"})
        if form["grant_type"] == "client_credentials":
            return {"access_token": "token-of-the-app", "token_type": "Bearer"}
        code = self.world.codes.pop(form["code"], None)
        if code is None and self.its.takes_any_code:
            return {"access_token": "worth-nothing", "token_type": "Bearer", "scope": "read write follow"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if code is None or (self.its.knows_pkce and code["code_challenge"] != challenge.decode()):
            raise Answer(400, {"error": "invalid_grant", "error_description": "The grant is invalid."})
        token = self.world.give_token(code["person"], code["scope"])
        return {"access_token": token, "token_type": "Bearer", "scope": code["scope"]}

    def _notifications(self, me: Person) -> tuple[Any, dict[str, str]]:
        kinds = [value for name, value in self.asked.query if name == "types[]"]
        query = dict(self.asked.query)
        if self.its.refuses_unknown and "include_filtered" in query:
            raise Answer(400, {"error": "unknown parameter include_filtered"})
        rows = [row for row in self.world.notifications if row.to is me and row.is_shown]
        if "include_filtered" not in query:
            rows = [row for row in rows if not row.is_filtered]
        if not self.its.null_status:
            rows = [row for row in rows if row.status is None or not row.status.is_gone]
        if self.its.heeds_types and kinds:
            rows = [row for row in rows if row.kind in kinds]
        return self._paged(rows, self.world.show_row)

    def _statuses(self, me: Person) -> tuple[Any, dict[str, str]]:
        rows = [one for one in self.world.statuses.values() if one.author is me and not one.is_gone]
        if not self.its.lists_directs:
            rows = [one for one in rows if one.visibility != "direct"]
        return self._paged(rows, self.world.show)

    def _paged(self, rows: list[Any], show: Callable[[Any], Json]) -> tuple[Any, dict[str, str]]:
        query = dict(self.asked.query)
        limit = min(int(query.get("limit", self.its.default_limit)), self.its.most_limit)
        order = {row.external_id: number for number, row in enumerate(rows)}
        if "max_id" in query:
            if query["max_id"] not in order:
                rows = [row for row in rows if _is_older(row, query["max_id"])]
            else:
                rows = rows[: order[query["max_id"]]]
        page = rows[::-1][:limit]
        return [show(row) for row in page], self._links(page, len(rows) > limit)

    def _links(self, page: list[Notification | Status], has_more: bool) -> dict[str, str]:
        if self.its.link == "none" or not page:
            return {}
        kept = [(n, v) for n, v in self.asked.query if n != "max_id" and (self.its.link == "full" or n == "limit")]
        base = f"{self.server.url}{self.asked.path}?"
        older = base + urlencode([*kept, ("max_id", page[-1].external_id)])
        newer = base + urlencode([*kept, ("min_id", page[0].external_id)])
        if self.its.link == "broken":
            return {"Link": f'<http://elsewhere.example/?max_id=>; rel="next", <::{older}>; rel=prev, <'}
        links = ([f'<{older}>; rel="next"'] if has_more else []) + [f'<{newer}>; rel="prev"']
        return {"Link": ", ".join(links)}

    def _post(self, me: Person) -> Status:
        form, key = self.asked.form, self.asked.headers.get("idempotency-key")
        if key and self.its.keeps_keys and key in self.world.keys:
            return self.world.keys[key]
        if not form.get("status") or (len(form["status"]) > self.its.max_length and self.its.too_long):
            refused = self.its.too_long or (422, '{"error":"Validation failed: Text can\'t be blank"}')
            raise Answer(refused[0], refused[1].encode())
        parent = form.get("in_reply_to_id")
        answered = self.world.statuses.get(parent or "")
        if parent and (answered is None or answered.is_gone):
            if self.its.missing_parent == "404":
                raise self._gone()
            parent = None
        status = self.world.post(me, form["status"], to=parent, visibility=form.get("visibility", "public"))
        if key:
            self.world.keys[key] = status
        return status

    def _one(self, me: Person, path: str, scope: str) -> tuple[Any, dict[str, str]]:
        parts = path.removeprefix("/api/v1/statuses/").split("/")
        status = self.world.statuses.get(parts[0]) if path.startswith("/api/v1/statuses/") else None
        if status is None or status.is_gone:
            raise self._gone()
        match (self.asked.method, parts[1:]):
            case ("GET", ["context"]):
                return self._context(status), {}
            case ("DELETE", []) if status.author is me:
                status.is_gone = True
            case ("POST", ["favourite" | "unfavourite" as act]):
                self._need(scope, "write:favourites")
                status.favourited = act == "favourite"
            case ("GET", []):
                pass
            case _:
                raise self._gone()
        return self.world.show(status), {}

    def _context(self, status: Status) -> Json:
        above: list[Status] = []
        here: Status | None = status
        while here and here.parent and (here := self.world.statuses.get(here.parent)):
            above.insert(0, here)
        shown = self.world.show
        below = self.world.below(status.external_id)
        return {"ancestors": [shown(one) for one in above], "descendants": [shown(one) for one in below]}

    def _gone(self) -> Answer:
        if self.its.is_html_404:
            return Answer(404, b"<h1>404 Not Found</h1>", {"Content-Type": "text/html"})
        return Answer(404, {"error": "Record not found"})


def _is_older(row: Any, than: str) -> bool:
    return (len(row.external_id), row.external_id) < (len(than), than)


def agree(server: FakeServer, url: str, person: Person) -> str:
    """Let somebody agree to what `url` asks; returns the address to which the server sends them back."""
    return _Api(server, Asked("GET", "", [], {}, {})).authorize(url, person)
