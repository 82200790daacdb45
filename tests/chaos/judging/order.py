"""The rows among themselves: places, orders and states that hold whatever happened (RULES A1, A5, D2, D5)."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.judging.names import UNKNOWN, is_our_post, is_private
from tests.chaos.judging.tables import Message
from tests.chaos.judging.world import World, grouped, told

ON_ITS_WAY = ("held", "queued", "sending", "unclear", "needs_person")
AT_REST = ("sent", "gone", "refused", "cancelled", "returned", "needs_person")


def find(world: World) -> Iterator[str]:
    """Yield what stands in the wrong place, in the wrong order, or is not at rest."""
    yield from _threads(world)
    yield from _conversations(world)
    yield from _one_each(world)
    yield from _messages(world)
    yield from _parents(world)
    yield from _deliveries(world)


def _threads(world: World) -> Iterator[str]:
    joined = {one.after.get("thread_id") for one in world.activity.get("threads_joined", [])}
    by_thread = grouped(world.messages.values(), "thread_id")
    for thread_id, messages in by_thread.items():
        thread = world.threads.get(thread_id)
        if thread is None or thread.joined_into_id is not None:
            yield f"thread {thread_id} is none any more, but messages lie in it: {_ids(messages)}"
            continue
        seqs = Counter(one.seq for one in messages if one.seq is not None)
        yield from (f"thread {thread_id} has seq {seq} {count} times" for seq, count in seqs.items() if count > 1)
        if seqs and max(seqs) > thread.last_seq:
            yield f"thread {thread_id} has seq {max(seqs)} beyond its last one, {thread.last_seq}"
        if thread_id not in joined:
            yield from _not_rising(thread_id, messages)


def _not_rising(thread_id: int, messages: list[Message]) -> Iterator[str]:
    """In a thread that was never joined, what was received earlier has the lower seq."""
    inbound = sorted((one for one in messages if one.is_inbound), key=lambda one: one.id)
    for earlier, later in pairwise(inbound):
        if (earlier.seq or 0) >= (later.seq or 0):
            yield f"thread {thread_id}: seq {later.seq} of message {later.id} follows {earlier.seq} of {earlier.id}"


def _conversations(world: World) -> Iterator[str]:
    for one in world.conversations.values():
        thread = world.threads.get(one.thread_id)
        if thread is None or (thread.channel_id, thread.is_private) != (one.channel_id, one.is_private):
            yield f"conversation {one.id} does not belong to its thread {one.thread_id}"
        elif one.joined_into_id is None and thread.joined_into_id is not None:
            yield f"conversation {one.id} was left in thread {thread.id}, which was joined into another"
        if one.contact_id not in world.contacts:
            yield f"conversation {one.id} is nobody's"


def _one_each(world: World) -> Iterator[str]:
    """One conversation a person and thread: a person is the platform's id, whatever our row of them is."""
    standing = [one for one in world.conversations.values() if one.joined_into_id is None]
    people: dict[tuple[int, str], list[int]] = {}
    for one in standing:
        contact = world.contacts.get(one.contact_id)
        if contact is not None and not contact.external_id.startswith(UNKNOWN):
            people.setdefault((one.thread_id, contact.external_id), []).append(one.id)
    for (thread_id, person), ids in people.items():
        if len(ids) > 1:
            yield f"thread {thread_id} has {len(ids)} conversations of {person}: {', '.join(map(str, ids))}"


def _messages(world: World) -> Iterator[str]:
    for one in world.messages.values():
        if one.is_held_back:
            yield f"message {one.id} ({one.external_id}) is still held back"
            continue
        if not one.is_inbound:
            if one.external_id is not None and one.seq is None:
                yield f"message {one.id} ({one.external_id}) was accepted and has no place in its thread"
            continue
        conversation = world.conversations.get(one.conversation_id or 0)
        if conversation is None or conversation.joined_into_id is not None or one.seq is None:
            yield f"message {one.id} ({one.external_id}) belongs to no conversation"
        elif (conversation.thread_id, conversation.contact_id) != (one.thread_id, one.contact_id):
            yield f"message {one.id} ({one.external_id}) lies in conversation {conversation.id}, which is another's"


def _parents(world: World) -> Iterator[str]:
    """A message lies in its parent's thread, on pages in its topmost comment's, unless one of both is private."""
    for one in world.messages.values():
        item = world.item_of(one)
        if item is None or is_private(item) or one.is_held_back or world.delivery_of.get(one.id) is not None:
            continue
        above = [world.parent_of(item)]
        if item.kind == "comment":
            above += [world.item("pages", item.thread_id), world.visitors_post(item)]
        for parent in above:
            row = world.row_of(parent)
            if parent is None or row is None or is_our_post(parent) or is_private(parent) or row.is_held_back:
                continue
            if row.thread_id != one.thread_id:
                yield f"message {one.id} lies in thread {one.thread_id}, what it hangs on ({row.id}) in {row.thread_id}"
                break


def _deliveries(world: World) -> Iterator[str]:
    now = world.ledger.ended_at
    on_their_way: Counter[int | None] = Counter()
    for one in world.replies:
        if one.state in ON_ITS_WAY and one.conversation_id is not None:
            on_their_way[one.conversation_id] += 1
        if one.state == "sending" and one.lease_until_at is not None and one.lease_until_at < now:
            yield f"delivery {one.id} is still sending, though its lease ended at {told(one.lease_until_at)}"
        elif one.state not in AT_REST:
            yield f"delivery {one.id} has not come to rest: it is {one.state}"
    for conversation_id, count in on_their_way.items():
        if count > 1:
            yield f"conversation {conversation_id} has {count} replies on their way at once"


def _ids(messages: list[Message]) -> str:
    return ", ".join(str(one.id) for one in messages[:10])
