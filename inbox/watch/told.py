"""What the last resort was told of a stop."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Told:
    """Of the stop that was noticed last; all None: everything was well."""

    noticed_at: datetime | None = None
    told_at: datetime | None = None
    failure: str | None = None
