"""A long thread in one call, with chosen numbers of edits, deletions and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import fans, items
from sandbox.fans import Saying
from sandbox.items import Item
from sandbox.plans import plan
from sandbox.world import World

OTHERS = ("vecina.ana@barrio.example", "curioso.leo@plaza.test")


@dataclass(frozen=True)
class LongThread:
    """What a thread shall be like; `spacing_seconds` lie between its messages, the last one is of now.

    With spacing the older ones are back-dated, and a client that walks by time finds them only in a deeper walk.
    """

    by: str
    texts: tuple[str, ...]
    on: str | None = None
    others: tuple[str, ...] = OTHERS
    edits: int = 0
    deletions: int = 0
    pictures: int = 0
    spacing_seconds: float = 0.0
    churn_after_seconds: float = 0.0


def make_thread(world: World, personality: str, wanted: LongThread) -> dict[str, Any]:
    """Publishes the thread; edits and deletions follow at once, or after `churn_after_seconds`."""
    with world.store.transaction():
        on = items.find(world, personality, wanted.on) if wanted.on else None
        on = on or fans.post(world, personality, Saying("Un hilo largo · A long thread"))
        edited, deleted, pictured = _spread(len(wanted.texts), wanted.edits, wanted.deletions, wanted.pictures)
        written: list[Item] = []
        for place, text in enumerate(wanted.texts):
            written.append(_write(world, personality, wanted, on, written, place, text, place in pictured))
        body = {
            "post_id": on.id,
            "root_id": written[0].id,
            "ids": [one.id for one in written],
            "edited_ids": [written[place].id for place in sorted(edited)],
            "deleted_ids": [written[place].id for place in sorted(deleted)],
            "picture_ids": [written[place].id for place in sorted(pictured)],
        }
        churn(world, personality, body["edited_ids"], body["deleted_ids"], wanted.churn_after_seconds)
    return body


def churn(
    world: World, personality: str, edit_ids: Sequence[str], delete_ids: Sequence[str], after_seconds: float = 0.0
) -> None:
    """Edits and deletes the given items, now or later."""
    with world.store.transaction():
        for item_id in edit_ids:
            item = items.get(world, personality, item_id)
            text = f"{item.text} (corregido)"
            if after_seconds:
                plan(world, personality, "edit", after_seconds, {"id": item_id, "text": text})
            else:
                fans.edit(world, item, text)
        for item_id in delete_ids:
            if after_seconds:
                plan(world, personality, "delete", after_seconds, {"id": item_id})
            else:
                fans.delete(world, items.get(world, personality, item_id), "author")


def _write(
    world: World,
    personality: str,
    wanted: LongThread,
    on: Item,
    written: list[Item],
    place: int,
    text: str,
    has_picture: bool,
) -> Item:
    told = world.told_now(personality)
    saying = Saying(
        text,
        pictures=fans.new_pictures(world, 1) if has_picture else (),
        authored_at=told - (len(wanted.texts) - 1 - place) * wanted.spacing_seconds,
    )
    if place == 0:
        return fans.comment(world, personality, world.meet(personality, wanted.by), on, saying)
    writers = (wanted.by, *wanted.others)
    parent = written[-1] if place % 4 == 1 else written[0]
    return fans.comment(world, personality, world.meet(personality, writers[place % len(writers)]), parent, saying)


def _spread(count: int, *amounts: int) -> list[set[int]]:
    """Disjoint sets of places after the first message, each spread over the whole thread."""
    free, chosen = list(range(1, count)), []
    for amount in amounts:
        if amount > len(free):
            raise fans.Impossible("more edits, deletions and pictures than messages")
        step = len(free) / amount if amount else 0.0
        chosen.append({free[int(number * step)] for number in range(amount)})
        free = [place for place in free if place not in chosen[-1]]
    return chosen
