"""Posts that conversations hang on: taken in with their pictures; ours get a comments stream."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from inbox import bulk
from inbox.channels.models import Channel, Post
from inbox.channels.streams import ensure_comment_stream
from inbox.conversations.models import Thread
from inbox.intake.pictures import picture_rows
from inbox.media.models import Media
from inbox.platforms.items import PostSeen
from inbox.settings import Pace

_POSTS = select(Post).where(
    Post.channel_id == bindparam("channel_id"), bulk.among(bulk.table_of(Post).c.external_id, "names")
)


def load_posts(session: Session, channel_id: int, external_ids: Collection[str]) -> dict[str, Post]:
    """Return the channel's posts of these ids."""
    if not external_ids:
        return {}
    found = session.scalars(_POSTS, {"channel_id": channel_id, "names": sorted(external_ids)})
    return {post.external_id: post for post in found}


def differs(post: Post | None, seen: PostSeen) -> bool:
    """Tell whether a post is shown otherwise than we have it."""
    return post is None or any(getattr(post, name) != value for name, value in _shown(post, seen).items())


def take_posts(
    session: Session,
    channel: Channel,
    seen: Mapping[str, PostSeen],
    mentioned: Collection[str],
    *,
    received_at: datetime,
    pace: Pace,
) -> dict[str, Post]:
    """Make or update the posts of a page, `mentioned` ones (known by id alone) included; returns them by id."""
    wanted = sorted({*seen, *mentioned})
    posts = load_posts(session, channel.id, wanted)
    before = {external_id: post.is_ours for external_id, post in posts.items()}
    missing = [external_id for external_id in wanted if external_id not in posts]
    if missing:
        rows = [_row(channel, external_id, seen.get(external_id), received_at) for external_id in missing]
        bulk.insert_missing(session, Post, rows)
        posts |= load_posts(session, channel.id, missing)
        _hang_threads(session, channel, missing)
        _add_pictures(session, channel, [posts[external_id] for external_id in missing], seen)
    for external_id, item in sorted(seen.items()):
        _update(posts[external_id], item)
        if item.is_ours and item.has_stream and not before.get(external_id, False):
            ensure_comment_stream(session, channel, external_id, item.authored_at, pace)
    return posts


def _row(channel: Channel, external_id: str, seen: PostSeen | None, received_at: datetime) -> dict[str, Any]:
    # a post that only a comment names is filled in when it is seen
    shown = {} if seen is None else _shown(None, seen)
    empty = {"is_ours": False, "author_name": "", "author_handle": "", "text": ""}
    nothing = dict.fromkeys(("permalink", "authored_at", "like_count", "comment_count", "gone_at"))
    return (
        empty
        | nothing
        | shown
        | {
            "channel_id": channel.id,
            "external_id": external_id,
            "created_at": received_at,
        }
    )


def _hang_threads(session: Session, channel: Channel, appeared: Collection[str]) -> None:
    """Show under these posts the threads that began by answering one before it was known (RULES A5)."""
    post_id = (
        select(Post.id)
        .where(Post.channel_id == Thread.channel_id, Post.external_id == Thread.wanted_parent)
        .scalar_subquery()
    )
    session.execute(
        update(Thread)
        .where(Thread.channel_id == channel.id, Thread.wanted_parent.in_(appeared))
        .values(post_id=func.coalesce(Thread.post_id, post_id), wanted_parent=None)
        .execution_options(synchronize_session="fetch")
    )


def _shown(post: Post | None, seen: PostSeen) -> dict[str, Any]:
    """Return what a post's row takes from an item; what the platform leaves out does not wipe what is known."""
    author = seen.author
    values = {
        "is_ours": seen.is_ours or (post is not None and post.is_ours),
        "author_name": author.display_name if author else None,
        "author_handle": author.handle if author else None,
        "text": seen.text,
        "permalink": seen.permalink,
        "authored_at": seen.authored_at,
        "like_count": seen.like_count,
        "comment_count": seen.comment_count,
        "gone_at": None,
    }
    return {name: value for name, value in values.items() if value is not None or name == "gone_at"}


def _update(post: Post, seen: PostSeen) -> None:
    for name, value in _shown(post, seen).items():
        if getattr(post, name) != value:
            setattr(post, name, value)


def _add_pictures(session: Session, channel: Channel, posts: list[Post], seen: Mapping[str, PostSeen]) -> None:
    rows = []
    for post in posts:
        item = seen.get(post.external_id)
        rows += picture_rows(item.pictures if item else (), channel_id=channel.id, post_id=post.id)
    bulk.insert_missing(session, Media, rows)
