"""A sandbox's ledger, written by hand: what platforms published, carried and accepted, as sandbox/ledger.py says."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandbox.ledger import NUMBERED, TABLES, Ledger

OUR_IDS = {"feed": "116900000000000001", "pages": "109000000000001"}


class Book:
    """The file and a pen."""

    def __init__(self, path: Path) -> None:
        """Begin an empty ledger, with the sandbox's own tables."""
        self.path = path
        Ledger(path).close()
        self.connection = sqlite3.connect(path, isolation_level=None)

    def write(self, table: str, **row: Any) -> int:
        """Add a row; returns its number."""
        assert set(row) <= set(TABLES[table]) | {NUMBERED.get(table, "")}
        places = ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"
        return int(self.connection.execute(sql, list(row.values())).lastrowid or 0)

    def publish(self, personality: str, item_id: str, text: str, *, at: float, **given: Any) -> None:
        """Add a version of an item, its first one unless `version_no` says otherwise."""
        is_ours = given.get("author_id") == OUR_IDS[personality]
        values: dict[str, Any] = {
            "version_no": 1,
            "kind": "status" if personality == "feed" else "comment",
            "is_ours": int(is_ours),
            "is_through_api": 0,
            "parent_id": None,
            "thread_id": item_id,
            "post_id": None,
            "audience": "public",
            "mentions_us": 0,
            "recipients": "[]",
            "pictures": "[]",
            "told_authored_at": at,
            "told_arrived_at": None if is_ours or personality == "pages" else at,
            "skew_seconds": 0.0,
            "published_at": at,
            "visible_at": at,
        }
        digest = hashlib.sha256(text.encode()).hexdigest()
        row = values | given | {"personality": personality, "item_id": item_id, "text": text, "text_hash": digest}
        self.write("message_version", **row)

    def remove(self, personality: str, item_id: str, *, at: float, by: str = "author") -> None:
        """Note that an item was deleted."""
        self.write("removal", personality=personality, item_id=item_id, removed_at=at, removed_by=by)

    def accept(self, personality: str, item_id: str, text: str, *, at: float, under: str | None, **given: Any) -> None:
        """Note that a reply came through the API, and that it is an item now."""
        key = given.pop("key", None)
        accepted: dict[str, Any] = {
            "wanted_parent_id": under,
            "parent_id": under,
            "audience": "public",
            "recipients": "[]",
            "idempotency_key": key,
            "accepted_at": at,
            "visible_at": at,
        }
        shared = {name: value for name, value in given.items() if name in accepted}
        self.write("accepted", personality=personality, item_id=item_id, text=text, **accepted | shared)
        published = {"parent_id": under} | {name: value for name, value in given.items() if name != "wanted_parent_id"}
        self.publish(personality, item_id, text, at=at, author_id=OUR_IDS[personality], is_through_api=1, **published)

    def answer(
        self, personality: str, path: str, carried: Iterable[tuple[str, int]], *, at: float, query: str = ""
    ) -> None:
        """Note a request that was answered well, and which versions of which items its answer carried."""
        number = self.write(
            "request",
            personality=personality,
            begun_at=at,
            method="GET",
            path=path,
            query=query,
            status=200,
            fault=None,
            is_delivered=1,
        )
        for item_id, version_no in carried:
            self.write(
                "carried",
                request_no=number,
                personality=personality,
                item_id=item_id,
                version_no=version_no,
                is_intact=1,
                at=at,
            )

    def break_at(self, personality: str, kind: str, *, since: float, until: float | None = None, **params: Any) -> None:
        """Note a fault that was on for a while, or until the end."""
        fault = {"fault_id": since, "personality": personality, "kind": kind, "params": json.dumps(params)}
        self.write("fault", **fault, changed_at=since, change="added")
        if until is not None:
            self.write("fault", **fault, changed_at=until, change="cleared")
