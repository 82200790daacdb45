"""A Bot API of our own over real HTTP, which keeps, confirms and refuses as the platform does (telegram.md)."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "8123456789:AAplanted-0f9e8d7c6b5a4f3e2d1c0b9a8"
BOT = {"id": 8123456789, "is_bot": True, "first_name": "Acme Ayuda", "username": "acme_ayuda_bot"}
KEPT = timedelta(hours=24)
Json = dict[str, Any]


class Refusal(Exception):
    """An answer that is not ok."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


class HangUp(Exception):
    """The connection ends without an answer."""


@dataclass
class Faults:
    """What goes wrong next; each is used up once."""

    hang_ups_before_write: int = 0
    hang_ups_after_write: int = 0
    refusals: list[tuple[str, Refusal]] = field(default_factory=list)
    raw: list[tuple[str, int, bytes]] = field(default_factory=list)


@dataclass
class Chat:
    """A chat, the messages that stand in it, and what a bot may not do there."""

    shown: Json
    messages: dict[int, Json] = field(default_factory=dict)
    moved_to: int | None = None
    refusal: Refusal | None = None
    linked_to: int | None = None


class FakeBotApi:
    """The server with its bot; `url` is its address."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.token, self.bot = TOKEN, dict(BOT)
        self.faults = Faults()
        self.chats: dict[int, Chat] = {}
        self.business: dict[str, Json] = {}
        self.queue: list[tuple[int, datetime, Json]] = []
        self.next_update = 700
        self.webhook: Json = {}
        self.calls: list[tuple[str, Json]] = []
        self.reactions: dict[tuple[int, int], list[Json]] = {}
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"its": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # what people do

    def chat(self, number: int, kind: str = "private", **more: Any) -> Chat:
        """Open a chat, or return the one that is open."""
        return self.chats.setdefault(number, Chat({"id": number, "type": kind, **more}))

    def say(self, chat: Chat, who: Json, text: str = "", kind: str = "message", **more: Any) -> Json:
        """Let somebody write, which the bot is shown."""
        message: Json = {
            "message_id": max(chat.messages, default=10) + 1,
            "from": who,
            "chat": chat.shown,
            "date": int(self.now().timestamp()),
            **({"text": text} if text else {}),
            **more,
        }
        chat.messages[message["message_id"]] = message
        self.show({kind: message})
        return message

    def edit(self, message: Json, text: str, kind: str = "edited_message") -> None:
        """Let somebody edit, a second later at the least."""
        message |= {"text": text, "edit_date": int(self.now().timestamp()) + 1}
        self.show({kind: dict(message)})

    def show(self, update: Json) -> int:
        """Put an update into the bot's queue; returns its number."""
        with self.lock:
            number, self.next_update = self.next_update, self.next_update + 1
            self.queue.append((number, self.now(), {"update_id": number, **update}))
        return number

    def pushes(self) -> list[tuple[dict[str, str], bytes]]:
        """Return what is pushed to the webhook now: headers and body of each; what is 2xx must be `confirm`ed."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"], "Content-Type": "application/json"}
        return [(headers, json.dumps(update).encode()) for _, _, update in self._kept()]

    def confirm(self, number: int) -> None:
        """Forget an update that the webhook took."""
        self.queue = [one for one in self.queue if one[0] != number]

    def sent(self, chat: Chat) -> list[str]:
        """Return what the bot wrote in a chat."""
        return [one["text"] for one in chat.messages.values() if one["from"]["id"] == self.bot["id"]]

    def called(self, method: str) -> list[Json]:
        """Return with what a method was called."""
        return [given for name, given in self.calls if name == method]

    # what the bot asks

    def answer(self, token: str, method: str, given: Json) -> Any:
        self.calls.append((method, given))
        if token != self.token:
            raise Refusal(401, "Unauthorized")
        for index, (name, refusal) in enumerate(self.faults.refusals):
            if name == method:
                del self.faults.refusals[index]
                raise refusal
        found = getattr(self, f"_{method}", None)
        if found is None:
            raise Refusal(404, "Not Found")
        return found(given)

    def _kept(self) -> list[tuple[int, datetime, Json]]:
        self.queue = [one for one in self.queue if self.now() - one[1] < KEPT]
        return self.queue

    def _getMe(self, given: Json) -> Json:  # noqa: N802
        return self.bot

    def _getUpdates(self, given: Json) -> list[Json]:  # noqa: N802
        if self.webhook.get("url"):
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", 100))
        assert offset >= 0, "a negative offset forgets updates"
        assert "message" in json.loads(given["allowed_updates"])
        kept = self._kept()
        # an offset that no number will reach for long shows nothing, for ever
        if offset > self.next_update + 10:
            return []
        if offset:
            self.queue = kept = [one for one in kept if one[0] >= offset]
        return [update for _, _, update in kept[:limit]]

    def _getWebhookInfo(self, given: Json) -> Json:  # noqa: N802
        return {"url": "", "pending_update_count": len(self._kept())} | {
            name: value for name, value in self.webhook.items() if name != "secret_token"
        }

    def _setWebhook(self, given: Json) -> bool:  # noqa: N802
        if not given["url"].startswith("https://"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = {"url": given["url"], "secret_token": given["secret_token"]}
        return True

    def _deleteWebhook(self, given: Json) -> bool:  # noqa: N802
        assert given["drop_pending_updates"] is False
        self.webhook = {}
        return True

    def _getChat(self, given: Json) -> Json:  # noqa: N802
        chat = self._chat(given)
        return chat.shown | ({"linked_chat_id": chat.linked_to} if chat.linked_to else {})

    def _getBusinessConnection(self, given: Json) -> Json:  # noqa: N802
        if given["business_connection_id"] not in self.business:
            raise Refusal(400, "Bad Request: business connection not found")
        return self.business[given["business_connection_id"]]

    def _sendMessage(self, given: Json) -> Json:  # noqa: N802
        chat = self._chat(given)
        assert "parse_mode" not in given
        if chat.refusal is not None:
            raise chat.refusal
        if chat.moved_to is not None:
            raise Refusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if len(given["text"].encode("utf-16-le")) // 2 > 4096:
            raise Refusal(400, "Bad Request: message is too long")
        wanted = given.get("reply_parameters")
        there = self.chats[wanted.get("chat_id", given["chat_id"])] if wanted else chat
        if wanted and wanted["message_id"] not in there.messages and not wanted["allow_sending_without_reply"]:
            raise Refusal(400, "Bad Request: message to be replied not found")
        number = max(chat.messages, default=10) + 1
        message = {"message_id": number, "from": self.bot, "chat": chat.shown, "date": int(self.now().timestamp())}
        message["text"] = given["text"].strip()
        if wanted and there is not chat:
            message["external_reply"] = {"chat": there.shown, "message_id": wanted["message_id"]}
        elif wanted and wanted["message_id"] in chat.messages:
            message["reply_to_message"] = chat.messages[wanted["message_id"]]
        for name in ("message_thread_id", "business_connection_id"):
            message |= {name: given[name]} if name in given else {}
        chat.messages[number] = message
        return message

    def _setMessageReaction(self, given: Json) -> bool:  # noqa: N802
        if given["message_id"] not in self._chat(given).messages:
            raise Refusal(400, "Bad Request: message to react not found")
        self.reactions[given["chat_id"], given["message_id"]] = given["reaction"]
        return True

    def _deleteMessage(self, given: Json) -> bool:  # noqa: N802
        message = self._chat(given).messages.get(given["message_id"])
        if message is None:
            raise Refusal(400, "Bad Request: message to delete not found")
        if self.now().timestamp() - message["date"] > 48 * 3600:
            raise Refusal(400, "Bad Request: message can't be deleted")
        del self._chat(given).messages[given["message_id"]]
        return True

    def _chat(self, given: Json) -> Chat:
        chat = self.chats.get(int(given["chat_id"]))
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        return chat


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet, else each answer waits for an acknowledgement
    its: FakeBotApi

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(dict(parse_qsl(urlsplit(self.path).query)), is_write=False)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer(json.loads(sent or b"{}"), is_write=True)

    def _answer(self, given: Json, *, is_write: bool) -> None:
        _, _, rest = urlsplit(self.path).path.partition("/bot")
        token, _, method = rest.partition("/")
        faults = self.its.faults
        with self.its.lock:
            try:
                self._raw(faults, method)
                if is_write and faults.hang_ups_before_write:
                    faults.hang_ups_before_write -= 1
                    raise HangUp
                status, body = 200, {"ok": True, "result": self.its.answer(token, method, given)}
                if is_write and faults.hang_ups_after_write:
                    faults.hang_ups_after_write -= 1
                    raise HangUp
            except Refusal as refusal:
                status, body = refusal.code, refusal.body
            except HangUp:
                self.close_connection = True
                return
            except _Raw as raw:
                self._write(raw.status, raw.body, {})
                return
        wait = body.get("parameters", {}).get("retry_after")
        self._write(status, json.dumps(body).encode(), {"Retry-After": str(wait)} if wait else {})

    def _raw(self, faults: Faults, method: str) -> None:
        if faults.raw and faults.raw[0][0] in ("", method):
            _, status, body = faults.raw.pop(0)
            raise _Raw(status, body)

    def _write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        date = format_datetime(self.its.now().astimezone(UTC), usegmt=True)
        shown = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Date": date} | headers
        for name, value in shown.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Raw(Exception):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status, self.body = status, body


@contextmanager
def fake_bot_api(now: Callable[[], datetime]) -> Iterator[FakeBotApi]:
    """Run a Bot API until the block ends."""
    running = FakeBotApi(now)
    try:
        yield running
    finally:
        running.close()
