"""`/media/<id>`: a picture of the platform, from our own address and never theirs."""

from flask import Blueprint, Response, current_app, send_file
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.database import db, set_read_only
from inbox.errors import NotFound
from inbox.fetch import shared
from inbox.media import fetching
from inbox.media.erase import remove_files
from inbox.media.models import Media
from inbox.members import doors
from inbox.members.access import sees
from inbox.settings import Settings

blueprint = Blueprint("media", __name__)

# A picture is only ever a picture: nothing in it may run, and only our own pages may show it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=86400, immutable",
}


@blueprint.get("/media/<int:media_id>")
@doors.members
@doors.in_background
def show(media_id: int) -> Response:
    """Answer with the picture; fetched at its first sight. 404 where there is none or it is not theirs to see."""
    settings: Settings = current_app.config["RELEVO"]
    media = access_media(db.session(), doors.current_member().id, media_id)
    picture = fetching.find_kept(media, settings.media_dir)
    if picture is None:
        picture = _fetch(db.session(), media, settings)
    answer = send_file(picture.path, mimetype=picture.content_type, etag=media.digest or False)
    answer.headers.update(HEADERS)
    return answer


def access_media(session: Session, member_id: int, media_id: int) -> Media:
    """Return a picture whose channel, and its private side if need be, the member sees; raises NotFound."""
    query = select(Media).where(Media.id == media_id, sees(member_id, Media.channel_id, Media.is_private))
    media = session.scalar(query)
    if media is None or media.kind != "image":
        raise NotFound("picture_not_found")
    return media


def _fetch(session: Session, media: Media, settings: Settings) -> fetching.Picture:
    """Fetch without a transaction, then write down what came in one that may write."""
    if not fetching.should_try(media):
        raise NotFound("picture_not_found")
    session.expunge(media)
    session.rollback()
    set_read_only(False)
    try:
        digest, content_type = fetching.fetch(shared(settings.local_services), media, settings.media_dir)
    except NotFound as error:
        fetching.note_failed(session, media.id, error.code)
        session.commit()
        raise NotFound("picture_not_found") from None
    is_wanted = fetching.note_fetched(session, media.id, digest, content_type)
    session.commit()
    if not is_wanted:
        remove_files(settings.media_dir, [digest])
        raise NotFound("picture_not_found")
    media.digest, media.content_type = digest, content_type
    kept = fetching.find_kept(media, settings.media_dir)
    if kept is None:
        raise NotFound("picture_not_found")
    return kept
