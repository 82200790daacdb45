"""Reading private messages: the change log for speed, and a walk over all exchanges for certainty (bluesky.md §5).

The log begins at the moment it is first asked and may be cut off behind us, so it is seeded before the walk
that reads what was there, and every few minutes a walk reads each exchange that changed since the last one.
The cursor: {log, mark, walked_at, walk: {list, page, convos, at, new_mark}}.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from inbox import clock
from inbox.platforms.bluesky.chat_parse import Convo, parse_chat, parse_convo, parse_profiles
from inbox.platforms.bluesky.streams import HISTORY_SECONDS
from inbox.platforms.bluesky.values import kind, parse_time, strings, text, thing, things, time, write_time
from inbox.platforms.bluesky.xrpc import Calls, Got
from inbox.platforms.contract import Account, Gone, Malformed, PermissionMissing, Refused, Unavailable
from inbox.platforms.items import Cursor, Item, Page

PAGE = 100
# How many polls' longest interval lie between two walks.
WALK_EVERY = 3
_LISTS = ("accepted", "requests")


@dataclass(frozen=True)
class ChatWalk:
    """A walk in progress. `mark`: what changed up to this version is known; `convos`: exchanges still to read."""

    mark: str
    new_mark: str
    list: str = _LISTS[0]
    page: str | None = None
    convos: tuple[str, ...] = ()
    at: str | None = None  # the page within the first of `convos`
    is_listed: bool = False

    @classmethod
    def of(cls, cursor: Cursor | None) -> "ChatWalk | None":
        """Read a walk from a cursor, None where none is in progress."""
        walk = thing(cursor, "walk")
        if not walk:
            return None
        return cls(
            mark=text(cursor, "mark"),
            new_mark=text(walk, "new_mark"),
            list=text(walk, "list") if text(walk, "list") in _LISTS else _LISTS[0],
            page=text(walk, "page") or None,
            convos=tuple(strings(things(walk, "convos"))),
            at=text(walk, "at") or None,
            is_listed=walk.get("is_listed") is True,
        )

    def kept(self) -> dict[str, Any]:
        """Return it as it stands in the cursor."""
        return {
            "new_mark": self.new_mark,
            "list": self.list,
            "page": self.page,
            "convos": list(self.convos),
            "at": self.at,
            "is_listed": self.is_listed,
        }


@dataclass(frozen=True)
class ChatStream:
    """The private messages of one account."""

    calls: Calls
    account: Account
    page_size: int = PAGE

    def fetch(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Read the next part: a step of a walk in progress, else what the log tells."""
        walk = ChatWalk.of(cursor)
        if walk is not None:
            return self._step(walk, cursor or {})
        if not text(cursor, "log") or is_deep or self._is_walk_due(cursor):
            return self._begin(cursor or {})
        return self._read_log(cursor or {})

    def convo(self, convo_id: str, *, is_for_send: bool = False, seconds: float = 10) -> Convo:
        """Read one exchange; raises Gone where it is not ours (any more)."""
        params = [("convoId", convo_id)]
        got = self.calls.get("chat.bsky.convo.getConvo", params, timeout_seconds=seconds, is_for_send=is_for_send)
        found = parse_convo(thing(got.body, "convo"))
        if found is None:
            raise Malformed("an exchange was expected", got.raw)
        return found

    def messages(self, convo_id: str, page: str | None, *, is_for_send: bool = False) -> Got:
        """Read a page of an exchange, newest first."""
        params = [("convoId", convo_id), ("limit", str(self.page_size))]
        params += [("cursor", page)] if page else []
        got = self.calls.get("chat.bsky.convo.getMessages", params, is_for_send=is_for_send)
        if not isinstance(got.body.get("messages"), list):
            raise Malformed("a list of messages was expected", got.raw)
        return got

    def _is_walk_due(self, cursor: Cursor | None) -> bool:
        walked_at = parse_time(text(cursor, "walked_at"))
        every = timedelta(seconds=self.account.pace.poll_longest_seconds * WALK_EVERY)
        return walked_at is None or clock.now() - walked_at >= every

    def _begin(self, cursor: Cursor) -> Page:
        """Start a walk; a log that was never asked, or was lost, is asked from now on before the walk begins."""
        log = text(cursor, "log")
        if not log:
            log = text(self.calls.get("chat.bsky.convo.getLog").body, "cursor")
        mark = text(cursor, "mark")
        kept: Cursor = {"log": log, "mark": mark, "walked_at": write_time(clock.now())}
        return self._step(ChatWalk(mark=mark, new_mark=mark), kept)

    def _step(self, walk: ChatWalk, cursor: Cursor) -> Page:
        return self._read_convo(walk, cursor) if walk.convos else self._list_convos(walk, cursor)

    def _list_convos(self, walk: ChatWalk, cursor: Cursor) -> Page:
        """Read a page of exchanges and note those that changed since the mark."""
        got = self._listed(walk)
        views = things(got.body, "convos") or things(got.body, "requests")
        convos = [convo for view in views if (convo := parse_convo(view))]
        fresh = [convo for convo in convos if not convo.rev or convo.rev > walk.mark]
        next_page = text(got.body, "cursor") or None
        after = replace(
            walk,
            convos=tuple(convo.id for convo in fresh),
            new_mark=max([walk.new_mark, *(convo.rev for convo in convos)]),
            page=next_page if next_page != walk.page else None,
        )
        return self._kept(_next_list(after) if after.page is None else after, cursor, [], got)

    def _listed(self, walk: ChatWalk) -> Got:
        params = [("limit", str(self.page_size)), *([("cursor", walk.page)] if walk.page else [])]
        if walk.list == _LISTS[0]:
            got = self.calls.get("chat.bsky.convo.listConvos", params)
        else:
            got = self._requests(params)
        if not isinstance(got.body.get("convos", got.body.get("requests")), list):
            raise Malformed("a list of exchanges was expected", got.raw)
        return got

    def _requests(self, params: list[tuple[str, str]]) -> Got:
        """Read strangers' requests; a service that has no list of them gives them by their status."""
        try:
            return self.calls.get("chat.bsky.convo.listConvoRequests", params)
        except (Refused, Gone, Unavailable, PermissionMissing):
            return self.calls.get("chat.bsky.convo.listConvos", [*params, ("status", "request")])

    def _read_convo(self, walk: ChatWalk, cursor: Cursor) -> Page:
        """Read a page of the first exchange that is left, down to what is known."""
        convo_id = walk.convos[0]
        rest = replace(walk, convos=walk.convos[1:], at=None)
        try:
            convo = self.convo(convo_id)
            got = self.messages(convo_id, walk.at)
        except Gone:
            return self._kept(rest, cursor, [], None)
        views = things(got.body, "messages")
        items = self._parse(views, convo, got)
        next_page = text(got.body, "cursor") or None
        is_over = next_page is None or next_page == walk.at or _is_known(views, walk.mark)
        after = rest if is_over else replace(walk, at=next_page)
        return self._kept(after, cursor, items, got)

    def _kept(self, walk: ChatWalk, cursor: Cursor, items: list[Item], got: Got | None) -> Page:
        skew = got.skew if got else None
        if walk.is_listed and not walk.convos:
            done = {name: value for name, value in cursor.items() if name != "walk"} | {"mark": walk.new_mark}
            return Page(items, done, is_complete=True, skew=skew)
        return Page(items, {**cursor, "walk": walk.kept()}, is_complete=False, skew=skew)

    def _read_log(self, cursor: Cursor) -> Page:
        """Read what happened since the last look; a cursor that the service refuses makes a walk due at once."""
        try:
            got = self.calls.get("chat.bsky.convo.getLog", [("cursor", text(cursor, "log"))])
        except (Refused, Gone):
            return self._begin({**cursor, "log": ""})
        logs = got.body.get("logs")
        if not isinstance(logs, list):
            raise Malformed("a list of logs was expected", got.raw)
        convos = self._convos_of(logs)
        items = [item for log in logs if (item := _parse_log(log, convos, self.account.external_id))]
        revs = [text(log, "rev") for log in logs]
        after = text(got.body, "cursor") or max([text(cursor, "log"), *revs])
        is_over = not logs or after == text(cursor, "log")
        return Page(items, {**cursor, "log": after}, is_complete=is_over, skew=got.skew)

    def _convos_of(self, logs: list[Any]) -> dict[str, Convo]:
        """Read the exchanges that new messages belong to: names and members stand there alone."""
        ids = dict.fromkeys(text(log, "convoId") for log in logs if kind(log) == "logCreateMessage")
        found: dict[str, Convo] = {}
        for convo_id in ids:
            try:
                found[convo_id] = self.convo(convo_id)
            except (Gone, Refused, Malformed):
                found[convo_id] = Convo(convo_id, {})
        return found

    def _parse(self, views: list[Any], convo: Convo, got: Got) -> list[Item]:
        beside = parse_profiles(things(got.body, "relatedProfiles"))
        convo = replace(convo, profiles={**beside, **convo.profiles})
        return [item for view in views if (item := parse_chat(view, convo, self.account.external_id))]


def _next_list(walk: ChatWalk) -> ChatWalk:
    if walk.list == _LISTS[-1]:
        return replace(walk, page=None, is_listed=True)
    return replace(walk, page=None, list=_LISTS[_LISTS.index(walk.list) + 1])


def _is_known(views: list[Any], mark: str) -> bool:
    """Tell whether a whole page was there at the last walk, or is older than what is imported."""
    oldest = clock.now() - timedelta(seconds=HISTORY_SECONDS)
    return bool(views) and all(_was_there(view, mark, oldest) for view in views)


def _was_there(view: Any, mark: str, oldest: datetime) -> bool:
    rev, sent_at = text(view, "rev"), time(view, "sentAt")
    if mark and rev:
        return rev <= mark
    return sent_at is not None and sent_at < oldest


def _parse_log(log: Any, convos: Mapping[str, Convo], us: str) -> Item | None:
    if kind(log) not in ("logCreateMessage", "logDeleteMessage"):
        return None
    convo_id = text(log, "convoId")
    convo = convos.get(convo_id) or Convo(convo_id, {})
    convo = replace(convo, profiles={**parse_profiles(things(log, "relatedProfiles")), **convo.profiles})
    view = thing(log, "message")
    if kind(log) == "logDeleteMessage" and view:
        view = {**view, "$type": "chat.bsky.convo.defs#deletedMessageView"}
    return parse_chat(view or log, convo, us)
