"""Reading updates: confirmed only by the call after the one whose updates were kept (telegram.md §2)."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from inbox import clock
from inbox.platforms.contract import Account, Gone, Malformed, PermissionMissing, Refused, Unavailable
from inbox.platforms.items import Cursor, Item, Page
from inbox.platforms.telegram.calls import Calls
from inbox.platforms.telegram.parse import WANTED, Unfit, Us, parse_update
from inbox.platforms.telegram.profile import host_of
from inbox.platforms.telegram.values import text, time, whole

PAGE = 100
# After a week without updates the next has any number: long before, none is asked for. Whatever was not confirmed
# is gone after a day by then, so nothing comes twice.
NUMBERS_LAST = timedelta(days=5)
# A push that failed so short a while ago still fails; Telegram tries again every one or two minutes.
FAILS_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Updates:
    """The updates of one bot. They come by asking, unless a webhook is set: then Telegram pushes them."""

    calls: Calls
    account: Account
    page_size: int = PAGE
    _linked: dict[int, int | None] = field(default_factory=dict, repr=False)

    @property
    def us(self) -> Us:
        """The bot, for parsing; which channel a group discusses is asked once a group."""
        return Us(self.account.external_id, self.account.handle, self.linked_channel)

    def fetch(self, cursor: Cursor | None) -> Page:
        """Read up to a hundred updates. The cursor that comes with them confirms them when it is used.

        Short polling: a worker waits for nobody. While Telegram pushes to us nothing can be asked for; then whether
        its pushes arrive is looked at instead.
        """
        if self.account.push_url and self._is_pushed():
            return Page([], cursor or {})
        got = self.calls.get("getUpdates", self._params(cursor))
        rows = got.result
        if not isinstance(rows, list):
            raise Malformed("a list of updates was expected", json.dumps(rows).encode())
        items = [item for row in rows for item in parse_update(row, self.us)]
        numbers = [number for row in rows if (number := whole(row, "update_id")) is not None]
        after = dict(cursor or {})
        if numbers:
            after = {"offset": max(numbers) + 1, "at": clock.now().isoformat()}
        return Page(items, after, is_complete=len(numbers) < self.page_size, skew=got.skew)

    def _params(self, cursor: Cursor | None) -> list[tuple[str, str]]:
        params = [("limit", str(self.page_size)), ("timeout", "0"), ("allowed_updates", json.dumps(WANTED))]
        offset, at = whole(cursor, "offset"), _moment(text(cursor, "at"))
        if offset is not None and at is not None and clock.now() - at < NUMBERS_LAST:
            params.append(("offset", str(offset)))
        return params

    def _is_pushed(self) -> bool:
        """Tell whether Telegram pushes to us; False: to nobody, so that asking works. Raises where that goes wrong."""
        got = self.calls.get("getWebhookInfo")
        info = got.thing()
        url = text(info, "url")
        if not url:
            return False
        if url != self.account.push_url:
            raise PermissionMissing(host_of(url), code="webhook_set")
        failed_at = time(info, "last_error_date")
        waiting = whole(info, "pending_update_count") or 0
        there = clock.now() + timedelta(seconds=got.skew.smallest if got.skew else 0)  # it is written by their clock
        if waiting and failed_at is not None and there - failed_at < FAILS_FOR:
            said = text(info, "last_error_message")
            raise Unavailable(f"{said} ({waiting})", code="push_failing")
        return True

    def linked_channel(self, group: int) -> int | None:
        """Return the channel whose discussion a group is; None: of none.

        Raises PlatformError where that can't be found out now: the whole page waits, for our own answer must not be
        taken for a stranger's. Raises Unfit where it is refused, as after the bot was removed: then nobody will know.
        """
        if group not in self._linked:
            try:
                found = self.calls.get("getChat", [("chat_id", str(group))], timeout_seconds=5).thing()
            except (Refused, Gone) as error:
                raise Unfit(f"it is not told whether its writer is ours: {error.detail}") from None
            self._linked[group] = whole(found, "linked_chat_id")
        return self._linked[group]

    def parse(self, raw: Any) -> list[Item]:
        """Read an update that was kept or pushed, or a page of them."""
        rows = raw.get("result") if isinstance(raw, dict) else None
        if isinstance(rows, list):
            return [item for row in rows for item in parse_update(row, self.us)]
        return parse_update(raw, self.us)


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
