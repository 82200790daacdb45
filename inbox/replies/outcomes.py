"""What an error of a platform says about a reply: surely not accepted, or unclear (RULES D2); pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inbox.platforms.contract import (
    Gone,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
)


class Next(StrEnum):
    """What follows from it."""

    REFUSE = "refuse"  # the platform read it and said no
    LATER = "later"  # it surely did nothing: try again
    RECONNECT = "reconnect"  # it surely did nothing, and the channel needs a person
    PARENT_GONE = "parent_gone"  # what was to be answered is not there
    LOOK = "look"  # it may have been accepted


@dataclass(frozen=True)
class Judged:
    """An error in our words; `until_at`: not before then."""

    next: Next
    code: str
    detail: str = ""
    until_at: datetime | None = None


def judge_send(error: BaseException) -> Judged:
    """Judge what a write call raised; whatever is not surely harmless is unclear."""
    if not isinstance(error, PlatformError):
        return Judged(Next.LOOK, "unclear", type(error).__name__)
    if isinstance(error, RateLimited):
        return Judged(Next.LATER, error.code, error.detail, error.until_at)
    if isinstance(error, TokenExpired):
        return Judged(Next.RECONNECT, error.code, error.detail)
    if isinstance(error, Gone) or (isinstance(error, Refused) and error.code == "parent_gone"):
        return Judged(Next.PARENT_GONE, "parent_gone", error.detail)
    if isinstance(error, Refused) and error.code == "duplicate":
        # It has this text already: perhaps from us. Look before believing either.
        return Judged(Next.LOOK, error.code, error.detail)
    if isinstance(error, Refused | PermissionMissing):
        return Judged(Next.REFUSE, error.code, error.detail)
    if error.is_surely_not_accepted:
        return Judged(Next.LATER, error.code, error.detail)
    return Judged(Next.LOOK, "unclear", error.detail)


def judge_before(error: BaseException) -> Judged:
    """Judge what a call before the write raised (connecting, looking): nothing was sent, so try again later."""
    judged = judge_send(error)
    if judged.next in (Next.LATER, Next.RECONNECT):
        return judged
    if isinstance(error, PlatformError):
        return Judged(Next.LATER, error.code, error.detail)
    return Judged(Next.LATER, "unavailable", judged.detail)
