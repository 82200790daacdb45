"""Second looks at what is known, and what a message hangs on (mastodon.md §5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Gone, PlatformError, RateLimited, Refused, TokenExpired, Unavailable
from inbox.platforms.items import Context, Edited, IsGone, Look, NotVisible, Unknown
from inbox.platforms.mastodon import parse
from inbox.platforms.mastodon.calls import ME, Calls
from inbox.platforms.mastodon.errors import Unsaid
from inbox.platforms.mastodon.people import Us
from inbox.platforms.mastodon.values import status_path, things
from inbox.platforms.reading import objects

AT_ONCE = 20
# Of servers that give no batches so many are asked for one by one; the rest is looked at next time.
MOST_SINGLE = 40


@dataclass(frozen=True)
class Looks:
    """Looking again, for one account."""

    calls: Calls
    us: Us

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Read statuses again, in batches where the server has them; one that is left out is asked for by itself."""
        looks: dict[str, Look] = {}
        ids = list(refs)
        has_batches = True
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            found = self._batch(some) if has_batches else None
            has_batches = found is not None
            looks |= found or {}
        left = [one for one in ids if one not in looks]
        looks |= {one: self._look(one) for one in left[:MOST_SINGLE]}
        return self._believed(looks)

    def _batch(self, ids: Sequence[str]) -> dict[str, Look] | None:
        """Return what a batch shows; None where the server does not know batches."""
        try:
            answered = self.calls.get("/api/v1/statuses", [("id[]", one) for one in ids])
            rows = objects(answered.json(), answered)
        except Unsaid:
            return None
        except (RateLimited, TokenExpired, Unavailable):
            raise
        except PlatformError:
            return None
        items = [item for row in rows if (item := parse.try_status(row, self.us))]
        return {item.external_id: Edited(item) for item in items if item.external_id in ids}

    def _look(self, external_id: str) -> Look:
        try:
            answered = self.calls.get(status_path(external_id))
            row = answered.json()
        except (Gone, Unsaid):  # which of them it is, the other looks say, or whether we are there
            return IsGone()
        except Refused as error:
            return NotVisible(error.code) if error.code == "not_allowed" else Unknown()
        except (RateLimited, TokenExpired):
            raise
        except PlatformError:
            return Unknown()
        item = parse.try_status(row, self.us)
        return Edited(item) if item and item.external_id == external_id else Unknown()

    def _believed(self, looks: dict[str, Look]) -> dict[str, Look]:
        """A server that shows nothing at all any more, not even us, has not deleted anything: it is away."""
        if any(isinstance(look, Edited) for look in looks.values()):
            return looks
        if not any(isinstance(look, IsGone) for look in looks.values()):
            return looks
        try:
            self.calls.get(ME)
        except (RateLimited, TokenExpired):
            raise
        except PlatformError:
            return {one: Unknown() if isinstance(look, IsGone) else look for one, look in looks.items()}
        return looks

    def context(self, external_id: str) -> Context:
        """Return what a status hangs on, oldest first."""
        tree = self.calls.get(f"{status_path(external_id)}/context").json()
        rows = things(tree, "ancestors")
        found = [item for row in rows if (item := parse.try_status(row, self.us))]
        if not found:
            return Context(None)
        top = next(row for row in rows if parse.try_status(row, self.us))
        return Context(parse.parse_post(top, self.us), tuple(found[1:]))
