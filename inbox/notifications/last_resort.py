"""In which language the last resort is spoken to: a member's own, else each that Relevo speaks, one after the other."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.languages import LOCALES
from inbox.members.models import Member
from inbox.members.sign_in import fold_email
from inbox.notifications.notices import Make, Notice

BETWEEN = " · "


def languages_of(session: Session, url: str) -> tuple[str, ...]:
    """Return the languages for whoever stands behind RELEVO_LAST_RESORT_URL: one for a member's address of mail."""
    if not url.startswith("mailto:"):
        return LOCALES
    address = fold_email(url.removeprefix("mailto:").partition("?")[0])
    known = select(Member.locale).where(Member.email == address, Member.deactivated_at.is_(None))
    locale = session.scalar(known)
    return (locale,) if locale in LOCALES else LOCALES


def word(make: Make, languages: Sequence[str]) -> Notice:
    """Return a notice in one language, or in several: their subjects in one line, their lines one after the other."""
    notices = [make(language) for language in languages]
    return replace(
        notices[0],
        subject=BETWEEN.join(dict.fromkeys(one.subject for one in notices)),
        lines=tuple(line for one in notices for line in one.lines),
    )
