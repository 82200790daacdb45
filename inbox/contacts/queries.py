"""Reads of contacts; what a member may see of a person's conversations is asked of conversations."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.contacts.models import Contact


def find_contact(session: Session, platform: str, scope: str, external_id: str) -> Contact | None:
    """Return the person of this identity; None: never met."""
    return session.scalar(
        select(Contact).where(Contact.platform == platform, Contact.scope == scope, Contact.external_id == external_id)
    )
