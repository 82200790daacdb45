"""Fetches a picture once through the guarded client, looks at its bytes, and keeps it on disk."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.errors import NotFound
from inbox.fetch import Fetcher, FetchError
from inbox.media.erase import path_of
from inbox.media.models import Media

log = structlog.get_logger()
MOST_BYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 8.0
TRY_AGAIN_SECONDS = 300.0
_BRANDS = {b"avif", b"avis"}


@dataclass(frozen=True)
class Picture:
    """A picture on disk and what its bytes say it is."""

    path: Path
    content_type: str


def sniff(head: bytes) -> str | None:
    """Return the content type that the first bytes prove: png, jpeg, gif, webp or avif; else None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "image/avif"
    return None


def find_kept(media: Media, folder: Path) -> Picture | None:
    """Return the picture if it has been fetched and its file is there."""
    if media.digest is None or media.content_type is None:
        return None
    path = path_of(folder, media.digest)
    return Picture(path, media.content_type) if path.exists() else None


def should_try(media: Media) -> bool:
    """Tell whether the address may be asked now: after a failure not before five minutes have passed."""
    again = timedelta(seconds=TRY_AGAIN_SECONDS)
    return bool(media.url or media.preview_url) and (media.failed_at is None or clock.now() - media.failed_at > again)


def fetch(fetcher: Fetcher, media: Media, folder: Path) -> tuple[str, str]:
    """Fetch a picture and keep its bytes; returns (digest, content type). No transaction may be open.

    Raises NotFound with the reason's code: not_a_picture, picture_not_kept (no room on the disk), or what the client
    said.
    """
    url = media.preview_url or media.url or ""
    try:
        answer = fetcher.read(url, timeout_seconds=TIMEOUT_SECONDS, most_bytes=MOST_BYTES)
    except FetchError as error:
        raise NotFound(error.code) from None
    if answer.status != 200:
        raise NotFound("picture_refused", status=answer.status)
    content_type = sniff(answer.body[:16])
    if content_type is None:
        raise NotFound("not_a_picture")
    digest = hashlib.sha256(answer.body).hexdigest()
    try:
        _keep(folder, digest, answer.body)
    except OSError as error:  # a full disk, or a folder that is not ours to write in: the page stays whole
        log.error("picture_not_kept", reason=error.strerror)
        raise NotFound("picture_not_kept") from None
    return digest, content_type


def _keep(folder: Path, digest: str, body: bytes) -> None:
    """Write a file whole or not at all."""
    path = path_of(folder, digest)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def note_fetched(session: Session, media_id: int, digest: str, content_type: str) -> bool:
    """Write down what was fetched; False when the picture was erased meanwhile, and its file must go."""
    values = {"digest": digest, "content_type": content_type, "fetched_at": clock.now(), "failed_at": None}
    session.execute(update(Media).where(Media.id == media_id).values(**values, failure_code=None))
    return session.scalar(select(Media.id).where(Media.id == media_id)) is not None


def note_failed(session: Session, media_id: int, code: str) -> None:
    """Write down why a picture could not be fetched."""
    session.execute(update(Media).where(Media.id == media_id).values(failure_code=code, failed_at=clock.now()))
