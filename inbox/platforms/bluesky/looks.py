"""Second looks at what is known, and what a message hangs on (bluesky.md §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.bluesky.chat import ChatStream
from inbox.platforms.bluesky.chat_parse import PREFIX, message_id
from inbox.platforms.bluesky.parse import make_message, make_post, readable
from inbox.platforms.bluesky.streams import PublicStreams
from inbox.platforms.bluesky.values import Json, author_of, kind, text, thing, things
from inbox.platforms.bluesky.xrpc import Calls
from inbox.platforms.contract import Account, Gone, PlatformError, RateLimited, Refused, TokenExpired
from inbox.platforms.items import (
    Context,
    Edited,
    IsGone,
    Look,
    Message,
    NotVisible,
    Present,
    Unknown,
)

ANCESTORS = 80
CHAT_PAGES = 5


@dataclass(frozen=True)
class Looks:
    """Looking again, for one account."""

    calls: Calls
    account: Account
    streams: PublicStreams
    chat: ChatStream

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Look at messages again; a failure of one part leaves its messages Unknown, a dead token is raised."""
        private: dict[str, dict[str, Mapping[str, Any]]] = {}
        public: dict[str, Mapping[str, Any]] = {}
        for external_id, ref in refs.items():
            if external_id.startswith(PREFIX):
                private.setdefault(text(ref, "convo"), {})[external_id] = ref
            else:
                public[external_id] = ref
        found: dict[str, Look] = dict(self._look_at_posts(public)) if public else {}
        for convo_id, wanted in private.items():
            found |= self._look_at_convo(convo_id, wanted)
        return found

    def _look_at_posts(self, refs: Mapping[str, Mapping[str, Any]]) -> dict[str, Look]:
        views = self.streams.posts(list(refs))
        return {
            uri: self._compare(views[uri], ref) if uri in views else self._look_at_missing(uri)
            for uri, ref in refs.items()
        }

    def _compare(self, view: Any, ref: Mapping[str, Any]) -> Look:
        if text(view, "cid") and text(view, "cid") == text(ref, "cid"):
            return Present(text(view, "cid"))
        item = readable(lambda: make_message(view, self.account.external_id), view)
        return Edited(item) if isinstance(item, Message) else Unknown()

    def _look_at_missing(self, uri: str) -> Look:
        """Ask why getPosts left a post out: it says nothing of deleted ones and of hidden ones alike."""
        try:
            tree = thing(self.streams.thread(uri, depth=0, parent_height=0).body, "thread")
        except Gone:
            return self._gone_or_hidden(uri)
        except (RateLimited, TokenExpired):
            raise
        except PlatformError:
            return Unknown()
        match kind(tree):
            case "blockedPost":
                return NotVisible("blocked")
            case "notFoundPost":
                return self._gone_or_hidden(uri)
            case "threadViewPost":
                return Present(text(thing(tree, "post"), "cid"))
        return Unknown()

    def _gone_or_hidden(self, uri: str) -> Look:
        """A post whose author's account is not active is hidden, not deleted."""
        did = author_of(uri)
        if did is None:
            return Unknown()
        try:
            self.calls.get("app.bsky.actor.getProfile", [("actor", did)])
        except RateLimited:
            raise
        except (Gone, Refused, TokenExpired) as error:
            return NotVisible(error.code)  # its names are about the author's account, not about ours
        except PlatformError:
            return Unknown()
        return IsGone()

    def _look_at_convo(self, convo_id: str, wanted: Mapping[str, Any]) -> dict[str, Look]:
        found: dict[str, Look] = {}
        page: str | None = None
        for _ in range(CHAT_PAGES):
            try:
                got = self.chat.messages(convo_id, page)
            except Gone:
                return dict.fromkeys(wanted, NotVisible("exchange_left"))
            for view in things(got.body, "messages"):
                external_id = message_id(convo_id, text(view, "id"))
                if external_id in wanted:
                    found[external_id] = IsGone() if kind(view) == "deletedMessageView" else Present(None)
            page = text(got.body, "cursor") or None
            if page is None or len(found) == len(wanted):
                break
        return found

    def context(self, external_id: str) -> Context:
        """Return the post at the top of a message's thread and what stands between, oldest first."""
        if external_id.startswith(PREFIX):
            return Context(None)
        tree = thing(self.streams.thread(external_id, depth=0, parent_height=ANCESTORS).body, "thread")
        views = list(reversed(_ancestors(tree)))
        if not views:
            return Context(None)
        post = make_post(views[0], self.account.external_id)
        between = [
            item for view in views[1:] if isinstance(item := _readable_message(view, self.account.external_id), Message)
        ]
        return Context(post, tuple(between))


def _readable_message(view: Json, us: str) -> Any:
    return readable(lambda: make_message(view, us), view)


def _ancestors(tree: Json) -> Sequence[Json]:
    """Return the posts above one, nearest first, as far as they can be seen."""
    found = []
    node = thing(tree, "parent")
    while kind(node) == "threadViewPost" and text(thing(node, "post"), "uri"):
        found.append(thing(node, "post"))
        node = thing(node, "parent")
    return found
