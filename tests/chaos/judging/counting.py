"""What a run came to: how much was published, taken in and sent, and what went wrong on the way."""

from collections import Counter

from tests.chaos.judging.names import is_message
from tests.chaos.judging.presence import could_be_read
from tests.chaos.judging.world import World


def count(world: World) -> dict[str, int]:
    """Return the counts of a run; kills and the like are known to whoever did them."""
    messages = [one for one in world.ledger.items.values() if is_message(one)]
    states = Counter(one.state for one in world.replies)
    moved = world.activity.get("reply_moved", [])
    return {
        "messages_published": len(messages),
        "messages_readable": sum(could_be_read(world, one) for one in messages if world.channel_of(one.personality)),
        "messages_present": sum(world.row_of(one) is not None for one in messages),
        "quarantined": sum(one.channel_id in world.channels for one in world.tables.quarantine),
        "versions_published": sum(len(one.wordings) for one in messages),
        "versions_present": sum(1 + len(world.wordings.get(one.id, [])) for one in world.messages.values()),
        "removed": sum(one.removed_at is not None for one in messages),
        "waiting": sum(one.waiting_since is not None for one in world.conversations.values()),
        "native_answers": sum(one.is_native for one in world.messages.values()),
        "replies_accepted": len(world.ledger.accepted),
        **{f"deliveries_{state}": number for state, number in sorted(states.items())},
        "unclear_ever": sum(one.after.get("state") == "unclear" for one in moved),
        "lease_overruns": sum(
            one.outcome == "lost" or (one.ended_at is not None and one.ended_at > one.lease_until_at)
            for one in world.tables.attempts
        ),
    }
