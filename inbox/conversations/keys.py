"""Keys of a list's parts: a time and an id, as one short word in an address."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inbox.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class Key:
    """A place in a list that is ordered by a time and an id."""

    at: datetime
    id: int

    def __str__(self) -> str:
        """Write the key for an address."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.id}"


def read_key(written: str) -> Key:
    """Return the key that was written; raises Invalid('key_wrong')."""
    try:
        micros, number = (int(part) for part in written.split("."))
        return Key(_EPOCH + micros * _MICROSECOND, number)
    except (ValueError, OverflowError):
        raise Invalid("key_wrong") from None
