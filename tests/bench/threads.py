"""Two threads that are read as a page: one of 20 messages, one of 400 with edits, deletions and pictures."""

from collections import defaultdict
from datetime import timedelta

from tests.bench.conversations import Place, message_values
from tests.bench.crowd import ONE_CHANNEL_ID, Chunk, Crowd
from tests.bench.shapes import Row

SHORT, LONG = "short", "long"  # the last word of their external keys
LENGTHS = {SHORT: 20, LONG: 400}
# of the long one, among its newest 180: 30 are edited, 20 are gone, 10 have a picture
_EDITED_EACH, _GONE_EACH, _PICTURE_EACH, _MARKED = 6, 9, 18, 180


def key_of(name: str) -> str:
    """Return the external key by which such a thread is found again."""
    return f"bench-{name}"


def add_long_threads(crowd: Crowd) -> Chunk:
    """Return the rows of both, each with one conversation, notes and the lines of the system."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for number, name in enumerate(LENGTHS, crowd.size + 1):
        _add_thread(crowd, rows, number, name)
    return rows


def _add_thread(crowd: Crowd, rows: dict[str, list[Row]], number: int, name: str) -> None:
    crowd.thread_id += 1
    place = Place(ONE_CHANNEL_ID, "comment", crowd.thread_id)
    length, began_at = LENGTHS[name], crowd.now - timedelta(days=5)
    for seq in range(1, length + 1):
        _add_message(crowd, rows, number, place, seq, length)
    first_at, last_at = (crowd.stamp(began_at + timedelta(minutes=seq)) for seq in (1, length))
    post_id = crowd.posts
    rows["thread"].append(
        crowd.row(
            "thread",
            id=place.thread_id,
            channel_id=place.channel_id,
            external_key=key_of(name),
            kind=place.kind,
            post_id=post_id,
            last_seq=length,
            created_at=first_at,
        )
    )
    rows["conversation"].append(
        crowd.row(
            "conversation",
            id=number,
            thread_id=place.thread_id,
            contact_id=1,
            channel_id=place.channel_id,
            kind=place.kind,
            status="open",
            team_id=1,
            waiting_since=last_at,
            queue_at=last_at,
            last_message_at=last_at,
            last_inbound_message_id=crowd.message_id,
            last_outbound_message_id=crowd.message_id - 3,
            last_inbound_seq=length,
            last_seq=length,
            created_at=first_at,
        )
    )
    for part in range(3):
        at = crowd.stamp(began_at + timedelta(minutes=length - 5 * part))
        note = {"id": 3 * number + part, "conversation_id": number, "member_id": 1 + part, "created_at": at}
        rows["note"].append(crowd.row("note", text="Ask the shop in Gran Vía first.", **note))


def _add_message(crowd: Crowd, rows: dict[str, list[Row]], number: int, place: Place, seq: int, length: int) -> None:
    """Three of four are the person's or other fans', the fourth is ours; the newest awaits."""
    crowd.message_id += 1
    id_, at = crowd.message_id, crowd.now - timedelta(days=5) + timedelta(minutes=seq)
    is_ours = seq % 4 == 1 and seq > 1
    writer = 1 if seq % 4 == 0 else 2 + seq % 5
    given = message_values(crowd, number, place, id_, seq, at)
    if is_ours:
        given |= {"direction": "outbound", "member_id": 1 + seq % 60, "text": crowd.answers[seq % 100]}
    else:
        given |= {"direction": "inbound", "contact_id": writer, "text": crowd.questions[seq]}
        given |= {"conversation_id": number if writer == 1 else None, "awaits": int(seq == length)}
    place_from_end = length - seq
    if length > _MARKED and 0 < place_from_end <= _MARKED:
        given |= _mark(crowd, rows, id_, place_from_end, place, crowd.stamp(at))
    rows["message"].append(crowd.row("message", **given))
    line = {"channel_id": place.channel_id, "conversation_id": number, "message_id": id_}
    rows["activity"].append(
        crowd.row("activity", id=id_, at=crowd.stamp(at), kind="reply_sent" if is_ours else "message_received", **line)
    )


def _mark(
    crowd: Crowd, rows: dict[str, list[Row]], id_: int, from_end: int, place: Place, at: str
) -> dict[str, str | None]:
    marks: dict[str, str | None] = {}
    if from_end % _EDITED_EACH == 0:
        marks |= {"edited_at": at}
        version = {"id": id_, "message_id": id_, "number": 1, "seen_at": at}
        rows["message_version"].append(crowd.row("message_version", text=crowd.questions[id_ % 100], **version))
    if from_end % _GONE_EACH == 1:
        marks |= {"gone_at": at, "gone_reason": "author", "erased_at": at, "text": ""}
    if from_end % _PICTURE_EACH == 2:
        media = {"id": id_, "channel_id": place.channel_id, "message_id": id_, "width": 640, "height": 480}
        rows["media"].append(crowd.row("media", url=f"https://pictures.example/t{id_}.jpg", **media))
    return marks
