"""How the feed personality words accounts, statuses and notifications (mastodon.md §5, field by field)."""

import json
from typing import Any

from sandbox import items
from sandbox.answers import carry
from sandbox.feed_text import Card, hashtags, to_html
from sandbox.items import Item
from sandbox.settings import FEED
from sandbox.world import Person, World, iso_ms


def base(world: World) -> str:
    """The server's address."""
    return f"{world.url}/feed"


def account_json(world: World, person: Person) -> dict[str, Any]:
    """An Account; `acct` has no @domain for local people (mastodon.md §5)."""
    picture = f"{base(world)}/avatars/{person.id}.png"
    return {
        "id": person.id,
        "username": person.handle.split("@")[0],
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": False,
        "discoverable": True,
        "group": False,
        "created_at": iso_ms(person.made_at // 86400 * 86400),
        "note": "",
        "url": profile_url(world, person),
        "uri": actor_uri(world, person),
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": 0,
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def counted_json(world: World, person: Person) -> dict[str, Any]:
    """An Account by itself, with how much they wrote: at once, whatever lists show later, and without direct ones."""
    theirs = items.select(world, "personality = ? AND author_id = ? AND deleted_at IS NULL", FEED, person.id)
    counted = [one.authored_at for one in theirs if one.audience != "direct"]
    last = iso_ms(max(counted))[:10] if counted else None
    return {**account_json(world, person), "statuses_count": len(counted), "last_status_at": last}


def status_json(world: World, item: Item) -> dict[str, Any]:
    """A Status in its newest version; notes that the answer carries it."""
    author = world.person(FEED, item.author_id)
    assert author is not None
    parent = items.find(world, FEED, item.parent_id) if item.parent_id else None
    carry(item.id, item.version_no)
    return {
        "id": item.id,
        "created_at": iso_ms(item.authored_at),
        "in_reply_to_id": item.parent_id,
        "in_reply_to_account_id": parent.author_id if parent else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": item.audience,
        "language": None,
        "uri": f"{actor_uri(world, author)}/statuses/{item.id}",
        "url": f"{base(world)}/@{author.handle}/{item.id}",
        "replies_count": _replies(world, item),
        "reblogs_count": 0,
        "favourites_count": int(item.is_liked),
        "quotes_count": 0,
        "edited_at": iso_ms(item.edited_at) if item.edited_at is not None else None,
        "favourited": item.is_liked,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": content_html(world, item.text),
        "filtered": [],
        "reblog": None,
        "application": _made_with(item),
        "account": account_json(world, author),
        "media_attachments": media_json(world, item.pictures),
        "mentions": [_mention_json(world, one) for one in _mentioned(world, item)],
        "tags": [{"name": tag, "url": f"{base(world)}/tags/{tag}"} for tag in hashtags(item.text)],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
    }


def history_json(world: World, item: Item) -> list[dict[str, Any]]:
    """StatusEdit[], the first version first (mastodon.md §5 Edited)."""
    author = world.person(FEED, item.author_id)
    assert author is not None
    edits = []
    for row in items.versions(world, item):
        carry(item.id, row["version_no"])
        edits.append(
            {
                "content": content_html(world, row["text"]),
                "spoiler_text": "",
                "sensitive": False,
                "created_at": iso_ms(row["told_at"]),
                "account": account_json(world, author),
                "media_attachments": media_json(world, tuple(json.loads(row["pictures"]))),
                "emojis": [],
            }
        )
    return edits


def notification_json(world: World, row: dict[str, Any], item: Item | None) -> dict[str, Any]:
    """A Notification; `status` only where there is one (mastodon.md §3)."""
    person = world.person(FEED, row["person_id"])
    assert person is not None
    number = str(row["n"])
    body: dict[str, Any] = {
        "id": number,
        "type": row["type"],
        "created_at": iso_ms(row["told_at"]),
        "group_key": f"ungrouped-{number}",
        "account": account_json(world, person),
    }
    if row["is_filtered"]:
        body["filtered"] = True
    if item is not None:
        body["status"] = status_json(world, item)
    return body


def content_html(world: World, text: str) -> str:
    """A text as HTML with mention cards for the people that the server knows."""

    def card(handle: str) -> Card | None:
        person = world.person_by_handle(FEED, handle.removesuffix(f"@{world.identity.domain}"))
        return None if person is None else Card(profile_url(world, person), person.handle.split("@")[0])

    return to_html(text, card, f"{base(world)}/tags/")


def media_json(world: World, pictures: tuple[str, ...]) -> list[dict[str, Any]]:
    """MediaAttachment[] of real pictures that this server serves."""
    return [
        {
            "id": picture,
            "type": "image",
            "url": f"{base(world)}/media/{picture}.png",
            "preview_url": f"{base(world)}/media/{picture}.png",
            "remote_url": None,
            "meta": {"original": {"width": 160, "height": 120, "size": "160x120", "aspect": 1.3333333}},
            "description": "Two colours and a stripe",
            "blurhash": None,
        }
        for picture in pictures
    ]


def profile_url(world: World, person: Person) -> str:
    """The page of a person, at their own server when they are remote."""
    if "@" in person.handle:
        name, domain = person.handle.split("@", 1)
        return f"https://{domain}/@{name}"
    return f"{base(world)}/@{person.handle}"


def actor_uri(world: World, person: Person) -> str:
    """The id of a person that stays the same wherever it is read."""
    name, _, domain = person.handle.partition("@")
    return f"https://{domain or world.identity.domain}/users/{name}"


def _mentioned(world: World, item: Item) -> list[Person]:
    found = [world.person(FEED, person_id) for person_id in item.recipients]
    return [person for person in found if person is not None]


def _mention_json(world: World, person: Person) -> dict[str, str]:
    return {
        "id": person.id,
        "username": person.handle.split("@")[0],
        "url": profile_url(world, person),
        "acct": person.handle,
    }


def _made_with(item: Item) -> dict[str, Any] | None:
    if not item.is_ours:
        return None
    return {"name": "Relevo" if item.is_accepted else "Web", "website": None}


def _replies(world: World, item: Item) -> int:
    row = world.store.row(
        "SELECT count(*) AS n FROM item WHERE personality = ? AND parent_id = ? AND deleted_at IS NULL",
        FEED,
        item.id,
    )
    return int(row["n"]) if row else 0
