"""An invented brand with 300 channels: members, teams, grants and labels, as rows for a bulk load."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict

from inbox.platforms.outgoing import Limits, ModeLimits
from inbox.tables import METADATA
from tests.bench.conversations import CHANNELS, LABELS, MEMBERS, TEAMS
from tests.bench.shapes import Row, Shape

LEAD_ID, ONE_ID = 1, 2  # the members as whom pages are read: a lead of every channel, and who sees one of them
LEAD_TEAM_ID, ONE_TEAM_ID = TEAMS + 1, TEAMS + 2
ONE_CHANNEL_ID = 7
POPULAR_LABEL_ID = 1
_LIMITS = json.dumps(asdict(Limits(public=ModeLimits(300), private=ModeLimits(1000, max_bytes=10_000), can_like=True)))

SHAPES = {table.name: Shape(table) for table in METADATA.sorted_tables}
Chunk = Mapping[str, list[Row]]


def make_brand(long_ago: str) -> Chunk:
    """Return the rows of everything that is there before somebody writes; `long_ago` as the database has times."""
    rows: dict[str, list[Row]] = defaultdict(list)
    _add_members_and_teams(rows, long_ago)
    for id_ in range(1, CHANNELS + 1):
        rows["channel"].append(_channel(id_, long_ago))
        for team_id in {1 + id_ % TEAMS, LEAD_TEAM_ID, *([ONE_TEAM_ID] if id_ == ONE_CHANNEL_ID else [])}:
            rows["grant"].append(
                row(
                    "grant",
                    id=len(rows["grant"]) + 1,
                    team_id=team_id,
                    channel_id=id_,
                    can_see=1,
                    can_see_private=1,
                    can_answer=1,
                )
            )
    for id_ in range(1, LABELS + 1):
        name = f"label {id_}"
        rows["label"].append(row("label", id=id_, name=name, folded_name=name, created_at=long_ago))
    return rows


def row(table: str, **given: object) -> Row:
    """Return one row of a table, with its defaults."""
    return SHAPES[table].row(**given)


def _add_members_and_teams(rows: dict[str, list[Row]], long_ago: str) -> None:
    for id_ in range(1, ONE_TEAM_ID + 1):
        rows["team"].append(row("team", id=id_, name=f"Team {id_:02}", created_at=long_ago))
    for id_ in range(1, MEMBERS + 1):
        email = f"member{id_}@brand.example"
        rows["member"].append(row("member", id=id_, email=email, name=f"Member {id_:02}", created_at=long_ago))
        team_id = {LEAD_ID: LEAD_TEAM_ID, ONE_ID: ONE_TEAM_ID}.get(id_, 1 + id_ % TEAMS)
        role = "lead" if id_ == LEAD_ID else "responder"
        rows["membership"].append(row("membership", id=id_, member_id=id_, team_id=team_id, role=role))


def _channel(id_: int, long_ago: str) -> Row:
    return row(
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
        state_since_at=long_ago,
        created_at=long_ago,
        connected_at=long_ago,
    )
