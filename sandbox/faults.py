"""Faults that tests and chaos switch on: kept in the store, so that a restart forgets none."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.database import Store

# where a fault strikes: before anything is done, after a write was accepted, on the answer, or the world itself
GATE = ("outage", "slow", "hang", "error_500", "error_503_html")
TOKEN = ("dead_token", "revoke_token", "missing_permission")
LIMIT = ("rate_limited",)
WRITE = ("refuse",)
AFTER_ACCEPT = ("hang_after_accept", "drop_after_accept", "error_500_after_accept", "error_503_after_accept")
WHOLE_ANSWER = ("malformed_json",)
ANSWER = (*WHOLE_ANSWER, "malformed_item", "duplicates", "reorder")
PAGING = ("repeat_page",)
WORLD = (
    "clock_skew",
    "lookup_lag_seconds",
    "no_lookup",
    "ignore_idempotency_key",
    "late_rows",
    "faceless",
    "misplace",
    "empty_200",
    "strict_batch",
    "human_agent_approved",
    "appsecret_proof_required",
    "low_budget",
)
PUSH = ("push_lost", "push_twice", "push_reorder", "push_bad_signature")
KINDS = GATE + TOKEN + LIMIT + WRITE + AFTER_ACCEPT + ANSWER + PAGING + WORLD + PUSH
READS_ONLY = ANSWER + PAGING
WRITES_ONLY = WRITE + AFTER_ACCEPT + ("misplace",)


@dataclass(frozen=True)
class Fault:
    """One fault as it was asked for; `left_over` None means without end."""

    id: int
    personality: str
    kind: str
    left_over: int | None
    until: float | None
    params: Mapping[str, Any]

    def number(self, name: str, otherwise: float) -> float:
        """A parameter as a number."""
        return float(self.params.get(name, otherwise))

    def describe(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {
            "id": self.id,
            "personality": self.personality,
            "kind": self.kind,
            "left_over": self.left_over,
            "until": self.until,
            **self.params,
        }


class Faults:
    """The list of what is wrong at the moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, personality: str, kind: str, count: int | None, lasts_seconds: float | None, params: Mapping[str, Any]
    ) -> Fault:
        """Switches a fault on, for `count` requests or for a time (seconds), or until it is cleared."""
        until = None if lasts_seconds is None else time.time() + lasts_seconds
        with self._store.transaction():
            number = self._store.insert(
                "fault",
                {
                    "personality": personality,
                    "kind": kind,
                    "left_over": count,
                    "until": until,
                    "params": json.dumps(dict(params)),
                },
            )
            self._tell(number, personality, kind, params, "added")
        return Fault(number, personality, kind, count, until, dict(params))

    def clear(self, personality: str | None = None, kind: str | None = None) -> int:
        """Ends the faults of a personality and kind, or all; gives how many there were."""
        gone = [
            fault for fault in self.current() if personality in (None, fault.personality) and kind in (None, fault.kind)
        ]
        for fault in gone:
            self._remove(fault)
        return len(gone)

    def current(self, personality: str | None = None) -> list[Fault]:
        """What is on now, oldest first."""
        found = []
        for row in self._store.rows("SELECT * FROM fault ORDER BY id"):
            fault = Fault(
                row["id"], row["personality"], row["kind"], row["left_over"], row["until"], json.loads(row["params"])
            )
            if fault.until is not None and fault.until <= time.time():
                self._remove(fault)
            elif personality in (None, fault.personality):
                found.append(fault)
        return found

    def on(self, personality: str, kind: str) -> Fault | None:
        """A fault of this kind without using it up."""
        return next((fault for fault in self.current(personality) if fault.kind == kind), None)

    def take(self, personality: str, kinds: tuple[str, ...], method: str = "", path: str = "") -> Fault | None:
        """The first fault of these kinds that this request meets; one that is counted is one less afterwards."""
        with self._store.transaction():
            for fault in self.current(personality):
                if fault.kind in kinds and _matches(fault, method, path) and not self._is_passed(fault):
                    self._use(fault)
                    return fault
        return None

    def _is_passed(self, fault: Fault) -> bool:
        skip = int(fault.params.get("skip", 0))
        if skip <= 0:
            return False
        params = {**fault.params, "skip": skip - 1}
        self._store.run("UPDATE fault SET params = ? WHERE id = ?", json.dumps(params), fault.id)
        return True

    def _use(self, fault: Fault) -> None:
        if fault.left_over is None:
            return
        if fault.left_over <= 1:
            self._remove(fault)
        else:
            self._store.run("UPDATE fault SET left_over = left_over - 1 WHERE id = ?", fault.id)

    def _remove(self, fault: Fault) -> None:
        with self._store.transaction():
            self._store.run("DELETE FROM fault WHERE id = ?", fault.id)
            self._tell(fault.id, fault.personality, fault.kind, fault.params, "cleared")

    def _tell(self, number: int, personality: str, kind: str, params: Mapping[str, Any], change: str) -> None:
        self._store.tell_ledger(
            "fault",
            {
                "fault_id": number,
                "personality": personality,
                "kind": kind,
                "params": json.dumps(dict(params)),
                "changed_at": time.time(),
                "change": change,
            },
        )


def _matches(fault: Fault, method: str, path: str) -> bool:
    if not method:
        return True
    is_write = method in ("POST", "PUT", "DELETE")
    wanted = fault.params.get("on") or _default_side(fault.kind)
    if wanted != "any" and (wanted == "write") != is_write:
        return False
    return str(fault.params.get("path", "")) in path


def _default_side(kind: str) -> str:
    if kind in READS_ONLY:
        return "read"
    return "write" if kind in WRITES_ONLY else "any"
