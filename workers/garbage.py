"""How often a worker looks for garbage that Python's counting of references does not free."""

import gc

# Python looks after each seven hundred new things. A page of messages makes thousands, all of which are still in use,
# and none of which is garbage of that kind: looking took a tenth to a fifth of its time. What waits is a few megabytes.
_THINGS_AT_ONCE = 10_000


def look_rarely() -> None:
    """Look at what is made from now on alone, and seldom.

    What a collection never looks at is not written to either, and stays shared memory where processes are forked.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THINGS_AT_ONCE, *gc.get_threshold()[1:])
