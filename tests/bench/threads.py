"""Two threads that are read as a page: one of 20 messages, one of 400 with edits, deletions and pictures."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.bench.crowd import ONE_CHANNEL_ID, Chunk, row
from tests.bench.shapes import Row
from tests.bench.texts import make_answers, make_questions

SHORT, LONG = "short", "long"  # the last word of their external keys
LENGTHS = {SHORT: 20, LONG: 400}
# Of the long one, among its newest 180: 30 are edited, 20 are gone, 10 have a picture.
_EDITED_EACH, _GONE_EACH, _PICTURE_EACH, _MARKED = 6, 9, 18, 180
_QUESTIONS, _ANSWERS = make_questions(), make_answers()
Rows = dict[str, list[Row]]


def key_of(name: str) -> str:
    """Return the external key by which such a thread is found again."""
    return f"bench-{name}"


def make_long_threads(size: int, now: datetime, stamp: Callable[[datetime], str]) -> Chunk:
    """Return the rows of both, each with one conversation, notes and the lines of the system.

    Their ids follow those of `size` conversations (see conversations.py). `now` is a naive UTC time.
    """
    rows: Rows = defaultdict(list)
    first_message_id = 2 * size + 10
    for number, (name, length) in enumerate(LENGTHS.items(), size + 1):
        _Thread(rows, number, length, first_message_id, now - timedelta(days=5), stamp).add(name)
        first_message_id += length
    return rows


@dataclass(frozen=True)
class _Thread:
    rows: Rows
    number: int  # of the conversation and of the thread
    length: int
    first_message_id: int
    began_at: datetime
    stamp: Callable[[datetime], str]

    def add(self, name: str) -> None:
        for seq in range(1, self.length + 1):
            self._add_message(seq)
        place = {"channel_id": ONE_CHANNEL_ID, "kind": "comment", "created_at": self._at(1)}
        # under the channel's first post, where the most have written
        thread = {"id": self.number, "external_key": key_of(name), "post_id": ONE_CHANNEL_ID, "last_seq": self.length}
        self.rows["thread"].append(row("thread", **thread, **place))
        newest_id, at = self.first_message_id + self.length - 1, self._at(self.length)
        conversation = {
            "thread_id": self.number,
            "contact_id": 1,
            "status": "open",
            "team_id": 1,
            "waiting_since": at,
            "queue_at": at,
            "last_message_at": at,
            "last_inbound_message_id": newest_id,
            "last_outbound_message_id": newest_id - 3,
            "last_inbound_seq": self.length,
            "last_seq": self.length,
        }
        self.rows["conversation"].append(row("conversation", id=self.number, **conversation, **place))
        for part in range(3):
            note = {"id": 3 * self.number + part, "member_id": 1 + part, "created_at": self._at(self.length - 5 * part)}
            text = "Ask the shop in Gran Vía first."
            self.rows["note"].append(row("note", conversation_id=self.number, text=text, **note))

    def _at(self, seq: int) -> str:
        return self.stamp(self.began_at + timedelta(minutes=seq))

    def _add_message(self, seq: int) -> None:
        """Three of four are the person's or other fans', the fourth is ours; the newest awaits."""
        id_, at, is_ours = self.first_message_id + seq - 1, self._at(seq), seq % 4 == 1 and seq > 1
        given: dict[str, object] = dict.fromkeys(("authored_at", "arrived_at", "received_at", "clock_at"), at)
        given |= {"id": id_, "thread_id": self.number, "channel_id": ONE_CHANNEL_ID, "kind": "comment", "seq": seq}
        given |= {"audience": "public", "external_id": f"at://bench{id_}", "conversation_id": self.number}
        if is_ours:
            given |= {"direction": "outbound", "member_id": 1 + seq % 60, "text": _ANSWERS[seq % 100]}
        else:
            writer = 1 if seq % 4 == 0 else 2 + seq % 5
            given |= {"direction": "inbound", "contact_id": writer, "text": _QUESTIONS[seq], "awaits": 0}
            given |= {"conversation_id": self.number if writer == 1 else None, "awaits": int(seq == self.length)}
        from_end = self.length - seq
        if self.length > _MARKED and 0 < from_end <= _MARKED:
            given |= self._mark(id_, from_end, at)
        self.rows["message"].append(row("message", **given))
        line = {"kind": "reply_sent" if is_ours else "message_received", "message_id": id_, "id": id_, "at": at}
        self.rows["activity"].append(row("activity", channel_id=ONE_CHANNEL_ID, conversation_id=self.number, **line))

    def _mark(self, id_: int, from_end: int, at: str) -> dict[str, object]:
        marks: dict[str, object] = {}
        if from_end % _EDITED_EACH == 0:
            marks |= {"edited_at": at}
            version = {"id": id_, "message_id": id_, "number": 1, "seen_at": at}
            self.rows["message_version"].append(row("message_version", text=_QUESTIONS[id_ % 100], **version))
        if from_end % _GONE_EACH == 1:
            marks |= {"gone_at": at, "gone_reason": "author", "erased_at": at, "text": ""}
        if from_end % _PICTURE_EACH == 2:
            media = {"id": id_, "channel_id": ONE_CHANNEL_ID, "message_id": id_, "width": 640, "height": 480}
            self.rows["media"].append(row("media", url=f"https://pictures.example/t{id_}.jpg", **media))
        return marks
