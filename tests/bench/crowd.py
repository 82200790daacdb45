"""An invented brand with 300 channels and any number of conversations, as rows for a bulk load (pure, the same
at each run): nine of ten are done, some are private, two people share every eighth thread.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.outgoing import Limits, ModeLimits
from inbox.tables import METADATA
from tests.bench import texts
from tests.bench.conversations import Place, add_conversation
from tests.bench.shapes import Row, Shape

CHANNELS, TEAMS, MEMBERS, LABELS = 300, 10, 60, 40
LEAD_ID, ONE_ID = 1, 2  # the members as whom pages are read: a lead of every channel, and who sees one of them
LEAD_TEAM_ID, ONE_TEAM_ID = TEAMS + 1, TEAMS + 2
ONE_CHANNEL_ID = 7
POPULAR_LABEL_ID, RARE_LABEL_ID = 1, LABELS
YEARS = timedelta(days=730)
CHUNK = 20_000
_LIMITS = json.dumps(asdict(Limits(public=ModeLimits(300), private=ModeLimits(1000, max_bytes=10000), can_like=True)))

Chunk = Mapping[str, list[Row]]
Stamp = Callable[[datetime], str]


@dataclass
class Crowd:
    """Makes the rows; `now` is a naive UTC time, `stamp` writes times as the database wants them."""

    size: int
    now: datetime
    stamp: Stamp
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self.shapes = {table.name: Shape(table) for table in METADATA.sorted_tables}
        self.questions, self.answers = texts.make_questions(), texts.make_answers()
        self._long_ago = self.stamp(self.now - YEARS)
        self.in_years = self.stamp(self.now + YEARS)  # no sweep finds anything due
        self.message_id = self.delivery_id = self.thread_id = 0  # the newest of each
        self.contacts = max(1, self.size // 3)
        self.posts = max(CHANNELS, self.size // 50)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the brand, then the people, in parts that fit into memory."""
        yield self._brand()
        for begin in range(1, self.contacts + 1, CHUNK):
            yield {"contact": [self._contact(id_) for id_ in range(begin, min(begin + CHUNK, self.contacts + 1))]}
        yield {"post": [self._post(id_) for id_ in range(1, self.posts + 1)]}
        for begin in range(1, self.size + 1, CHUNK):
            yield self._conversations(range(begin, min(begin + CHUNK, self.size + 1)))

    def _brand(self) -> Chunk:
        rows: dict[str, list[Row]] = defaultdict(list)
        self._members_and_teams(rows)
        for id_ in range(1, CHANNELS + 1):
            rows["channel"].append(self._channel(id_))
            home = 1 + id_ % TEAMS
            for team_id in {home, LEAD_TEAM_ID, *([ONE_TEAM_ID] if id_ == ONE_CHANNEL_ID else [])}:
                grant = {"can_see": 1, "can_see_private": 1, "can_answer": 1, "needs_approval": 0}
                number = len(rows["grant"]) + 1
                rows["grant"].append(self.row("grant", id=number, team_id=team_id, channel_id=id_, **grant))
        for id_ in range(1, LABELS + 1):
            name = f"label {id_}"
            rows["label"].append(self.row("label", id=id_, name=name, folded_name=name, created_at=self._long_ago))
        return rows

    def _members_and_teams(self, rows: dict[str, list[Row]]) -> None:
        for id_ in range(1, ONE_TEAM_ID + 1):
            rows["team"].append(self.row("team", id=id_, name=f"Team {id_:02}", created_at=self._long_ago))
        for id_ in range(1, MEMBERS + 1):
            email = f"member{id_}@brand.example"
            given = {"id": id_, "email": email, "name": f"Member {id_:02}", "created_at": self._long_ago}
            rows["member"].append(self.row("member", **given))
            team_id = {LEAD_ID: LEAD_TEAM_ID, ONE_ID: ONE_TEAM_ID}.get(id_, 1 + id_ % TEAMS)
            role = "lead" if id_ == LEAD_ID else "responder"
            rows["membership"].append(self.row("membership", id=id_, member_id=id_, team_id=team_id, role=role))

    def _channel(self, id_: int) -> Row:
        return self.row(
            "channel",
            id=id_,
            platform="bluesky",
            external_id=f"did:plc:brand{id_}",
            handle=f"brand{id_}.example",
            display_name=f"Brand {id_}",
            service_url="https://social.example",
            host="social.example",
            limits=_LIMITS,
            permissions="[]",
            state_since_at=self._long_ago,
            created_at=self._long_ago,
            connected_at=self._long_ago,
        )

    def _contact(self, id_: int) -> Row:
        has_face = id_ % 3 > 0
        return self.row(
            "contact",
            id=id_,
            platform="bluesky",
            external_id=f"did:plc:fan{id_}",
            handle=f"fan{id_}.test",
            display_name=f"Lucía Fan {id_}" if id_ % 5 else "",
            avatar_url=f"https://pictures.example/{id_}.jpg" if has_face else None,
            first_seen_at=self._long_ago,
            updated_at=self._long_ago,
        )

    def _post(self, id_: int) -> Row:
        return self.row(
            "post",
            id=id_,
            channel_id=1 + id_ % CHANNELS,
            external_id=f"post{id_:09}",
            text="Rebajas de otoño en toda la gama Hogar. The autumn sale has begun, in every shop.",
            author_handle=f"brand{1 + id_ % CHANNELS}.example",
            authored_at=self._long_ago,
            created_at=self._long_ago,
        )

    def _conversations(self, numbers: range) -> Chunk:
        rows: dict[str, list[Row]] = defaultdict(list)
        place, seq = Place(0, "", 0), 0
        for number in numbers:
            is_second = number % 8 == 7 and seq > 0 and place.kind != "direct"
            if not is_second:
                place, seq = self._new_place(), 0
                rows["thread"].append([])
            seq = add_conversation(self, rows, number, place, seq)
            rows["thread"][-1] = self._thread(place, seq)
        return rows

    def _new_place(self) -> Place:
        self.thread_id += 1
        kind = self.chance.choices(("comment", "mention", "direct", "review"), (60, 15, 20, 5))[0]
        return Place(1 + self.chance.randrange(CHANNELS), kind, self.thread_id)

    def _thread(self, place: Place, last_seq: int) -> Row:
        return self.row(
            "thread",
            id=place.thread_id,
            channel_id=place.channel_id,
            external_key=f"thread{place.thread_id:09}",
            kind=place.kind,
            is_private=int(place.is_private),
            post_id=1 + place.thread_id % self.posts if place.kind == "comment" else None,
            last_seq=last_seq,
            created_at=self._long_ago,
        )

    def row(self, table: str, **given: Any) -> Row:
        """Return one row of a table, with its defaults."""
        return self.shapes[table].row(**given)
