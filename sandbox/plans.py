"""What will happen later: rows with a time, so that a restart forgets nothing."""

import json
import time
from typing import Any

from sandbox import fans, items
from sandbox.fans import Saying
from sandbox.world import World


def plan(world: World, personality: str, deed: str, after_seconds: float, params: dict[str, Any]) -> None:
    """Plans an edit, a deletion or a saying."""
    world.store.insert(
        "planned",
        {
            "due_at": time.time() + after_seconds,
            "personality": personality,
            "deed": deed,
            "params": json.dumps(params),
        },
    )


def run_due(world: World) -> int:
    """Does what is due; gives how many."""
    rows = world.store.rows("SELECT * FROM planned WHERE due_at <= ? ORDER BY due_at, n LIMIT 200", time.time())
    for row in rows:
        with world.store.transaction():
            _do(world, row["personality"], row["deed"], json.loads(row["params"]))
            world.store.run("DELETE FROM planned WHERE n = ?", row["n"])
    return len(rows)


def _do(world: World, personality: str, deed: str, params: dict[str, Any]) -> None:
    item = items.find(world, personality, params["id"])
    if item is None or item.deleted_at is not None:
        return
    if deed == "edit":
        fans.edit(world, item, params["text"])
    elif deed == "delete":
        fans.delete(world, item, "author")
    elif deed == "say":
        fan = world.person(personality, params["by"])
        if fan is not None:
            fans.comment(world, personality, fan, item, Saying(params["text"]))
