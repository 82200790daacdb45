"""Removes pictures: the rows at once, the files when nothing else shows the same bytes."""

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inbox.media.models import Media


def erase_of_messages(session: Session, message_ids: Collection[int]) -> list[str]:
    """Delete the pictures of messages; returns the digests whose files nothing shows any more.

    The caller hands them to `remove_files` after its commit.
    """
    if not message_ids:
        return []
    mine = Media.message_id.in_(message_ids)
    digests = set(session.scalars(select(Media.digest).where(mine, Media.digest.is_not(None))))
    session.execute(delete(Media).where(mine))
    return sorted(str(digest) for digest in digests - _still_shown(session, digests))


def _still_shown(session: Session, digests: Collection[str | None]) -> set[str | None]:
    return set(session.scalars(select(Media.digest).where(Media.digest.in_(digests))))


def remove_files(folder: Path, digests: Collection[str]) -> None:
    """Remove cached files by digest; quiet where there is none."""
    for digest in digests:
        path_of(folder, digest).unlink(missing_ok=True)


def list_stray_files(session: Session, folder: Path) -> list[str]:
    """Return the digests of cached files that no row shows (an erasure that was killed before its end)."""
    kept = {path.name for path in folder.glob("??/*") if len(path.name) == 64}
    shown: set[str] = set()
    ordered = sorted(kept)
    for start in range(0, len(ordered), 500):
        part = ordered[start : start + 500]
        shown |= {str(digest) for digest in session.scalars(select(Media.digest).where(Media.digest.in_(part)))}
    return sorted(kept - shown)


def path_of(folder: Path, digest: str) -> Path:
    """Return where the file of a digest lies."""
    return folder / digest[:2] / digest
