"""A crowd's conversations, made inside the database: a million rows in Python would take longer than all the rest.

Everything follows from a conversation's number by arithmetic, so the two databases hold the same. The words are
SQL that both understand; `Dialect` has what they write differently.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inbox.conversations.ordering import MIRROR

YEARS = timedelta(days=730)
RAW_KEPT = timedelta(days=30)
TARGET = timedelta(days=1)  # of the one policy
CHANNELS, TEAMS, MEMBERS, LABELS = 300, 10, 60, 40
TEXTS = 1000  # how many there are of each kind in the table `words`
FACES_FROM = 100_000_000  # ids of pictures of people; those of messages have the message's id
_PRIME = 1_000_003

Columns = Mapping[str, str]


@dataclass(frozen=True)
class Insert:
    """Rows of a table: an expression for each column that has no default, and where they come from."""

    table: str
    source: str
    columns: Columns


@dataclass(frozen=True)
class Span:
    """How many conversations, and the milliseconds since 1970 at which they end; `time` writes such milliseconds."""

    size: int
    now_ms: int
    time: Callable[[str], str]

    @property
    def contacts(self) -> int:
        """How many people wrote them."""
        return max(1, self.size // 3)

    @property
    def posts_each(self) -> int:
        """How many posts each channel has."""
        return max(1, self.size // 50 // CHANNELS)

    @property
    def long_ago(self) -> str:
        """SQL of a time before everything."""
        return self.time(str(self.now_ms - _ms(YEARS)))

    @property
    def in_years(self) -> str:
        """SQL of a time that no sweep reaches."""
        return self.time(str(self.now_ms + _ms(YEARS)))


def make_plan(span: Span) -> str:
    """Return the SELECT of the table `plan`: what each conversation is; every eighth shares its neighbour's thread."""
    step = _ms(YEARS) // (span.size + 1)
    first_ms = span.now_ms - _ms(YEARS) - 180_000
    status = "CASE WHEN s < 900 THEN 'done' WHEN s < 970 THEN 'open' WHEN s < 990 THEN 'snoozed' ELSE 'spam' END"
    return f"""
WITH RECURSIVE series(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM series WHERE n < {span.size}),
seated AS (
  SELECT n, CASE WHEN n % 8 = 7 AND {_kind("n - 1")} <> 'direct' THEN n - 1 ELSE n END AS t,
    {_mixed("n", 104_729)} % 1000 AS s
  FROM series),
placed AS (
  SELECT n, t, {_kind("t")} AS kind, 1 + {_mixed("t", 7_919)} % {CHANNELS} AS channel_id,
    {status} AS status, s BETWEEN 900 AND 969 AND {_mixed("n", 15_013)} % 10 < 7 AS awaits,
    1 + n * 7919 % {span.contacts} AS contact_id, {first_ms} + n * {step} AS asked_ms
  FROM seated),
answered AS (
  SELECT placed.*, (status = 'done' AND {_mixed("n", 611_953)} % 2 = 0) OR (status = 'open' AND NOT awaits)
    AS is_answered FROM placed)
SELECT answered.*, kind = 'direct' AS is_private, CASE WHEN n = t THEN 1 ELSE 3 END AS seq,
  status IN ('done', 'open') AND NOT awaits AND NOT is_answered AND {_mixed("n", 48_611)} % 100 < 6 AS needs_none,
  {_mixed("n", 27_644_437)} % 2 = 0 AS is_native, n * 2 - 1 AS question_id, n * 2 AS answer_id,
  CASE WHEN is_answered THEN asked_ms + 120000 ELSE asked_ms END AS last_ms
FROM answered"""


def list_inserts(span: Span) -> Iterator[Insert]:
    """Yield what is inserted, from the people to what hangs on their messages."""
    yield from _people_and_posts(span)
    yield _threads(span)
    yield _conversations(span)
    yield from _questions(span)
    yield from _answers(span)
    yield from _beside(span)


def _people_and_posts(span: Span) -> Iterator[Insert]:
    yield Insert(
        "contact",
        f"plan WHERE n <= {span.contacts}",
        {
            "id": "n",
            "platform": "'bluesky'",
            "external_id": "'did:plc:fan' || n",
            "handle": "'fan' || n || '.test'",
            "display_name": "CASE WHEN n % 5 = 0 THEN '' ELSE 'Lucía Fan ' || n END",
            "avatar_url": "'https://pictures.example/' || n || '.jpg'",
            "first_seen_at": span.long_ago,
            "updated_at": span.long_ago,
        },
    )
    yield Insert(
        "post",
        f"plan WHERE n <= {CHANNELS * span.posts_each}",
        {
            "id": "n",
            "channel_id": f"1 + (n - 1) % {CHANNELS}",
            "external_id": "'at://post' || n",
            "text": "'Rebajas de otoño en toda la gama Hogar. The autumn sale has begun, in every shop.'",
            "author_handle": f"'brand' || (1 + (n - 1) % {CHANNELS}) || '.example'",
            "authored_at": span.long_ago,
            "created_at": span.long_ago,
        },
    )


def _threads(span: Span) -> Insert:
    # A few posts have most of the comments: the cube of an even share falls mostly near nought.
    share = f"({_mixed('t', 86_028_121)} / {_PRIME}.0)"
    post = f"channel_id + {CHANNELS} * CAST({span.posts_each} * {share} * {share} * {share} - 0.5 AS INTEGER)"
    return Insert(
        "thread",
        "plan WHERE n = t",
        {
            "id": "t",
            "channel_id": "channel_id",
            "external_key": "'thread' || t",
            "kind": "kind",
            "is_private": "is_private",
            "post_id": f"CASE WHEN kind = 'comment' THEN {post} END",
            "last_seq": "4",
            "created_at": span.time("asked_ms"),
        },
    )


def _conversations(span: Span) -> Insert:
    mirror_ms = 2 * int(MIRROR.timestamp() * 1000)
    return Insert(
        "conversation",
        "plan",
        {
            "id": "n",
            "thread_id": "t",
            "contact_id": "contact_id",
            "channel_id": "channel_id",
            "is_private": "is_private",
            "kind": "kind",
            "status": "status",
            "assignee_id": f"CASE WHEN status = 'done' OR {_mixed('n', 9_973)} % 10 < 4 THEN 1 + n % {MEMBERS} END",
            "team_id": f"1 + channel_id % {TEAMS}",
            "waiting_since": f"CASE WHEN awaits THEN {span.time('asked_ms')} END",
            "due_at": f"CASE WHEN awaits THEN {span.time(f'asked_ms + {_ms(TARGET)}')} END",
            "queue_at": span.time(f"CASE WHEN awaits THEN asked_ms ELSE {mirror_ms} - last_ms END"),
            "snoozed_until_at": f"CASE WHEN status = 'snoozed' THEN {span.in_years} END",
            "is_no_answer_needed": "needs_none",
            "last_message_at": span.time("last_ms"),
            "last_inbound_message_id": "question_id",
            "last_outbound_message_id": "CASE WHEN is_answered THEN answer_id END",
            "last_inbound_seq": "seq",
            "last_seq": "CASE WHEN is_answered THEN seq + 1 ELSE seq END",
            "created_at": span.time("asked_ms"),
        },
    )


def _questions(span: Span) -> Iterator[Insert]:
    settled = "CASE WHEN is_answered THEN 'answered' ELSE 'excused' END"
    asked_at = span.time("asked_ms")
    yield Insert(
        "message",
        f"plan JOIN words ON words.id = n % {TEXTS}",
        _message(span, "question_id", "asked_ms")
        | {
            "direction": "'inbound'",
            "contact_id": "contact_id",
            "text": "question",
            "seq": "seq",
            "awaits": "awaits",
            "awaits_reason": "CASE WHEN needs_none THEN 'thanks' ELSE 'question' END",
            "settled": f"CASE WHEN NOT awaits THEN {settled} END",
            "settled_at": f"CASE WHEN NOT awaits THEN {asked_at} END",
            "recheck_due_at": f"CASE WHEN awaits THEN {span.in_years} END",
        },
    )
    yield _activity(span, "question_id", "asked_ms", "'message_received'", "NULL", "plan")
    yield Insert(
        "raw_payload",
        f"plan JOIN words ON words.id = n % {TEXTS} WHERE asked_ms > {span.now_ms - _ms(RAW_KEPT)}",
        {
            "id": "n",
            "message_id": "question_id",
            "compressed": "payload",
            "received_at": asked_at,
            "expires_at": span.in_years,
        },
    )
    yield Insert(
        "media",
        "plan WHERE n % 20 = 0",
        {
            "id": "question_id",
            "channel_id": "channel_id",
            "message_id": "question_id",
            "is_private": "is_private",
            "url": "'https://pictures.example/m' || n || '.jpg'",
        },
    )


def _answers(span: Span) -> Iterator[Insert]:
    member = f"CASE WHEN NOT is_native THEN 1 + n % {MEMBERS} END"
    yield Insert(
        "message",
        f"plan JOIN words ON words.id = n % {TEXTS} WHERE is_answered",
        _message(span, "answer_id", "last_ms")
        | {
            "direction": "'outbound'",
            "member_id": member,
            "parent_external_id": "'at://message' || question_id",
            "text": "answer",
            "seq": "seq + 1",
            "is_native": "is_native",
        },
    )
    kind = "CASE WHEN is_native THEN 'native_answer' ELSE 'reply_sent' END"
    yield _activity(span, "answer_id", "last_ms", kind, member, "plan WHERE is_answered")
    at = span.time("last_ms")
    yield Insert(
        "delivery",
        f"plan JOIN words ON words.id = n % {TEXTS} WHERE is_answered AND NOT is_native",
        {
            "id": "n",
            "reply_key": "'key' || n",
            "channel_id": "channel_id",
            "conversation_id": "n",
            "message_id": "answer_id",
            "member_id": f"1 + n % {MEMBERS}",
            "state": "'sent'",
            "not_before_at": at,
            "seen_seq": "seq",
            "outgoing": "'{}'",
            "text_as_stored": "answer",
            "parent_external_id": "'at://message' || question_id",
            "attempt_count": "1",
            "version": "4",
            "created_at": at,
            "settled_at": at,
        },
    )


def _beside(span: Span) -> Iterator[Insert]:
    """Faces, and labels: every third has the popular one, every eighth one of the others."""
    yield Insert(
        "media",
        "plan WHERE n % 3 > 0",
        {
            "id": f"{FACES_FROM} + n",
            "channel_id": "channel_id",
            "contact_id": "contact_id",
            "url": "'https://pictures.example/' || n || '.jpg'",
        },
    )
    labels = (("1", "n % 3 = 0"), (f"2 + {_mixed('n', 31_337)} % {LABELS - 1}", "n % 8 = 0"))
    for label_id, condition in labels:
        copied = {name: name for name in ("channel_id", "is_private", "status", "queue_at")}
        columns = {"conversation_id": "id", "label_id": label_id} | copied
        labelled = {name: value.replace("n *", "id *") for name, value in columns.items()}
        yield Insert("conversation_label", f"conversation WHERE {condition.replace('n %', 'id %')}", labelled)


def _message(span: Span, id_: str, ms: str) -> dict[str, str]:
    at = span.time(ms)
    times = dict.fromkeys(("authored_at", "arrived_at", "received_at", "clock_at"), at)
    return times | {
        "id": id_,
        "thread_id": "t",
        "channel_id": "channel_id",
        "conversation_id": "n",
        "kind": "kind",
        "audience": "CASE WHEN is_private THEN 'private' ELSE 'public' END",
        "external_id": f"'at://message' || {id_}",
        "platform_version": "'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'",
        "permalink": f"'https://social.example/brand/' || {id_}",
    }


def _activity(span: Span, id_: str, ms: str, kind: str, member_id: str, source: str) -> Insert:
    columns = {"id": id_, "at": span.time(ms), "kind": kind, "member_id": member_id}
    return Insert("activity", source, columns | {"channel_id": "channel_id", "conversation_id": "n", "message_id": id_})


def _kind(number: str) -> str:
    share = f"{_mixed(f'({number})', 50_021)} % 100"
    return (
        f"CASE WHEN {share} < 60 THEN 'comment' WHEN {share} < 75 THEN 'mention'"
        f" WHEN {share} < 95 THEN 'direct' ELSE 'review' END"
    )


def _mixed(number: str, factor: int) -> str:
    """SQL: a number below a million that follows from another and looks as if by chance."""
    return f"({number} * {factor} % {_PRIME})"


def _ms(length: timedelta) -> int:
    return int(length.total_seconds() * 1000)


def now_ms() -> int:
    """Return the present in milliseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)
