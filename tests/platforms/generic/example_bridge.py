"""A bridge from Relevo to a guest book, whole: Python's standard library and nothing else."""

import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = b"a-secret-of-at-least-thirty-two-letters"
ITEMS: list[dict[str, Any]] = []  # what people wrote, oldest first
REPLIES: dict[str, dict[str, Any]] = {}  # what was answered, by the id that Relevo gave it


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "describe":
        return {"account": {"id": "1", "name": "Guest book"}, "network": "guestbook.example", "max_length": 1000}
    if asked["do"] == "items":
        seen = int(asked["after"] or 0)
        return {
            "items": ITEMS[seen : seen + 100],
            "next": str(min(seen + 100, len(ITEMS))),
            "has_more": len(ITEMS) > seen + 100,
        }
    if asked["do"] == "send":
        REPLIES.setdefault(asked["id"], asked)  # twice under one id is once
        return {"in_reply_to": asked["in_reply_to"]}
    return {"is_sent": asked["id"] in REPLIES} if asked["do"] == "find" else {"error": "not_offered"}


class Bridge(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body, stamp = self.rfile.read(int(self.headers["Content-Length"])), self.headers["Relevo-Timestamp"]
        right = "v1=" + hmac.digest(SECRET, f"{stamp}.".encode() + body, "sha256").hex()
        is_relevo = hmac.compare_digest(right, self.headers["Relevo-Signature"]) and abs(time.time() - int(stamp)) < 300
        told = answer(json.loads(body)) if is_relevo else {"error": "bad_signature"}
        self.send_response(200 if "error" not in told else 400 if is_relevo else 401)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8700), Bridge).serve_forever()
