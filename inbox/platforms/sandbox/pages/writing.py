"""How the pages answer in public and in private, and how an answer is found again (facebook.md §4, §6, §9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.contract import Account, Gone, Malformed, PlatformError, Unavailable, Unclear
from inbox.platforms.items import Item, Message
from inbox.platforms.looking import LookPage, look_back
from inbox.platforms.outgoing import Absent, CannotLook, Found, LookUp, Outgoing, Sent
from inbox.platforms.reading import parse_time
from inbox.platforms.sandbox.pages import parse
from inbox.platforms.sandbox.pages.calls import Calls, next_params
from inbox.platforms.sandbox.pages.lists import COMMENT_FIELDS, DETAILED, MESSAGE_FIELDS

# Our clock and the platform's may differ a little.
MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Writing:
    """The writes of one page."""

    calls: Calls
    account: Account

    def send(self, outgoing: Outgoing) -> Sent:
        """Answer once: under the comment, or as a private message to its author."""
        if outgoing.mode == "private" or outgoing.audience in ("private", "direct"):
            return self._send_private(outgoing)
        return self._send_comment(outgoing)

    def _send_comment(self, outgoing: Outgoing) -> Sent:
        # Under /comments: a POST to the comment itself would edit it (facebook.md §4, DANGER).
        written = self.calls.post(f"{outgoing.parent_ref['id']}/comments", {"message": outgoing.text})
        number = written.get("id")
        if not isinstance(number, str):
            raise Unclear("accepted, but its answer has no id")
        return self.read_back(number, outgoing)

    def read_back(self, number: str, outgoing: Outgoing) -> Sent:
        """Read the new comment, for the answer tells only its id; unread, its place stays unknown."""
        try:
            row = self.calls.object(number, [("fields", COMMENT_FIELDS)], for_send=True)
        except PlatformError:
            return Sent(external_id=parse.short(number), ref={"id": number}, audience="public")
        item = self._parse(row, outgoing)
        if not isinstance(item, Message):
            return Sent(external_id=parse.short(number), ref={"id": number}, audience="public")
        return as_comment(item, outgoing)

    def _send_private(self, outgoing: Outgoing) -> Sent:
        written = self.calls.post(f"{self.account.external_id}/messages", _private_body(outgoing))
        number = written.get("message_id")
        if not isinstance(number, str):
            raise Unclear("accepted, but its answer has no id")
        return Sent(
            external_id=number,
            parent_id=outgoing.parent_id,
            audience="private",
            ref={"id": number, "kind": "direct", "recipient_id": str(written.get("recipient_id", ""))},
        )

    def find(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look for our words under the comment or in the exchange, down to the first try; absence is never sure."""
        is_private = outgoing.mode == "private" or outgoing.audience in ("private", "direct")
        floor = not_before - MARGIN
        try:
            if is_private:
                return self._find_private(outgoing, floor)
            # under a visitor's post ours may be the only comment
            alone = outgoing.parent_ref.get("kind") == "post"
            pages = self._comments(outgoing)
            return look_back(pages, floor, lambda read: self._among(read, outgoing, floor), may_be_empty=alone)
        except (Unavailable, Gone) as error:
            return CannotLook(error.code)

    def _find_private(self, outgoing: Outgoing, floor: datetime) -> LookUp:
        page = self._messages(outgoing)
        if not page.items and outgoing.parent_ref.get("kind") != "direct":
            return Absent(is_sure=False)  # the exchange would begin with this message
        return look_back([page], floor, lambda read: self._among(read, outgoing, floor))

    def _among(self, read: Sequence[Message], outgoing: Outgoing, floor: datetime) -> LookUp:
        """Judge what was read. A person can tell whether our words are ours that tell an earlier time than they may,
        or that somebody wrote whom the platform does not name."""
        fresh = [one for one in read if one.authored_at is None or one.authored_at >= floor]
        found = [self._as_sent(one, outgoing) for one in self._own(fresh)]
        for sent in found:
            if plain(sent.text or "") == plain(outgoing.text) and sent.parent_id == outgoing.parent_id:
                return Found(sent)
        worded = [one for one in read if plain(one.text) == plain(outgoing.text)]
        early = [sent for one in self._own(worded) if (sent := self._as_sent(one, outgoing)) not in found]
        placed = [sent for sent in early if sent.parent_id == outgoing.parent_id]
        unnamed = [self._as_sent(one, outgoing) for one in worded if one in fresh and parse.is_unknown(one.author)]
        return Absent(is_sure=False, candidates=(*found, *placed, *unnamed))

    def _as_sent(self, item: Message, outgoing: Outgoing) -> Sent:
        if item.kind == "comment":
            return as_comment(item, outgoing)
        return Sent(
            external_id=item.external_id,
            created_at=item.authored_at,
            parent_id=outgoing.parent_id,
            audience="private",
            text=item.text,
            ref=dict(item.ref),
        )

    def _comments(self, outgoing: Outgoing) -> Iterator[LookPage]:
        post = str(outgoing.parent_ref.get("post") or outgoing.parent_ref["id"])
        params = [
            ("filter", "stream"),
            ("order", "reverse_chronological"),
            ("limit", "100"),
            ("fields", COMMENT_FIELDS),
        ]
        more: list[list[str]] | None = None
        while True:
            listed = self.calls.list(f"{post}/comments", params, more, for_send=True)
            more = listed.next_params
            yield _look_page(listed.rows, [self._parse(row, outgoing) for row in listed.rows], is_last=more is None)

    def _parse(self, row: Any, outgoing: Outgoing) -> Item:
        """Read a comment as the lists read it: right under a visitor's post it hangs on that mention."""
        post, is_mention = str(outgoing.parent_ref.get("post", "")), outgoing.parent_ref.get("kind") == "post"
        return parse.parse_comment(row, self.account.external_id, post, is_under_visitor=is_mention)

    def _messages(self, outgoing: Outgoing) -> LookPage:
        """Read the newest of the exchange with the person: only so many are shown with their words (facebook.md §5)."""
        person = outgoing.recipient.external_id if outgoing.recipient else ""
        fields = f"id,participants,messages.limit({DETAILED}){{{MESSAGE_FIELDS}}}"
        params = [("platform", "messenger"), ("user_id", person), ("fields", fields)]
        listed = self.calls.list(f"{self.account.external_id}/conversations", params, for_send=True)
        rows: list[Any] = []
        items: list[Item] = []
        is_last = listed.next_params is None
        for conversation in listed.rows:
            if not isinstance(conversation, dict):
                raise Malformed("a conversation was expected", listed.answered.body)
            bare = {key: value for key, value in conversation.items() if key != "messages"}
            inside = conversation.get("messages") or {}
            shown = inside.get("data") or []
            is_last = is_last and next_params(inside) is None
            rows += shown
            items += [parse.parse_direct(row, self.account.external_id, bare) for row in shown]
        return _look_page(rows, items, is_last=is_last)

    def _own(self, items: Sequence[Message]) -> list[Message]:
        return [item for item in items if item.author.external_id == self.account.external_id]


def _look_page(rows: Sequence[Any], items: Sequence[Item], *, is_last: bool) -> LookPage:
    read = [item if isinstance(item, Message) else None for item in items]
    times = [parse_time(row.get("created_time")) if isinstance(row, dict) else None for row in rows]
    return LookPage(read, times, is_last)


def as_comment(item: Message, outgoing: Outgoing) -> Sent:
    """Return a comment of ours as a reply; there are two levels only, so an answer hangs under the topmost.

    What hangs there counts as under the one asked for.
    """
    top = str(outgoing.parent_ref.get("top") or outgoing.parent_id)
    is_placed = item.parent_id in (outgoing.parent_id, top)
    return Sent(
        external_id=item.external_id,
        created_at=item.authored_at,
        permalink=item.permalink,
        parent_id=outgoing.parent_id if is_placed else item.parent_id,
        audience="public",
        text=item.text,
        ref=dict(item.ref),
    )


def plain(text: str) -> str:
    """Return a text as the platform shows it back: spaces folded."""
    return " ".join(text.split())


def _private_body(outgoing: Outgoing) -> dict[str, object]:
    message = {"text": outgoing.text}
    if outgoing.parent_ref.get("kind") == "comment":
        return {"recipient": {"comment_id": outgoing.parent_ref["id"]}, "message": message}
    if outgoing.parent_ref.get("kind") == "post":
        return {"recipient": {"post_id": outgoing.parent_ref["id"]}, "message": message}
    person = outgoing.recipient.external_id if outgoing.recipient else ""
    return {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": message}
