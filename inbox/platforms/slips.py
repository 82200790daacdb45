"""What may go wrong in our own reading of a stranger's answer, and a connection that turns it into words.

A contract's connection raises only PlatformErrors (contract.Connection). A slip in a connector must not become
an exception that nobody foresaw: a stream would stop without a word.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import structlog

from inbox.platforms.contract import Connection, Malformed, Unclear
from inbox.platforms.shallow import SLIPS

log = structlog.get_logger()

_WRITES = frozenset({"send", "like", "unlike", "hide", "unhide", "delete_own"})


def without_slips(connection: Connection) -> Connection:
    """Return the connection, of which nothing but PlatformErrors comes, whatever the platform answers."""
    return cast(Connection, _WithoutSlips(connection))


@dataclass(frozen=True)
class _WithoutSlips:
    connection: Connection

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.connection, name)
        return partial(_call, found, name) if callable(found) else found


def _call(method: Callable[..., Any], name: str, *args: Any, **given: Any) -> Any:
    """Call a method; a slip in a write is Unclear, for it may have come after the platform accepted."""
    try:
        return method(*args, **given)
    except SLIPS as error:
        # where and of which type, never the message: it may quote what the platform said
        frames = "".join(traceback.format_tb(error.__traceback__)[-6:])
        log.error("connector_slipped", method=name, error=type(error).__name__, frames=frames)
        kind = Unclear if name in _WRITES else Malformed
        raise kind(f"our reading of the answer failed: {type(error).__name__}") from None
