"""What a channel's failures mean, and what to do: sentences that follow its name, in pages and in notices alike."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.intervals import is_comment_stream
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.languages import later as _l

SENTENCES = {
    "token_expired": _l("needs you: the sign-in no longer counts. Reconnect it."),
    "permission_missing": _l("needs you: a permission is missing. Reconnect it and allow everything asked for."),
    "permission_missing_direct": _l("can't read private messages: the app password does not allow them."),
    "account_gone": _l("needs you: the account is deactivated or gone on the platform."),
    "account_deactivated": _l("needs you: the account is deactivated on the platform."),
    "account_suspended": _l("needs you: the platform has suspended the account."),
    "account_dead": _l("needs you: the account is deactivated or gone on the platform."),
    "another_account": _l("needs you: its sign-in belongs to another account by now. Reconnect it."),
    "reader_lost": _l("was being read by a worker that died, three times; Relevo keeps trying."),
    "unreadable_page": _l("needs you: the platform sends pages that can't be read. They are kept in quarantine."),
    "malformed": _l("gets answers from the platform that can't be read. They are kept in quarantine."),
    "webhook_set": _l(
        "needs you: the bot’s updates are pushed to another program, and a bot has one reader only. "
        "Reconnect it to take it over."
    ),
    "other_consumer": _l(
        "needs you: another program reads this bot as well, and each gets only a part. Stop that one, "
        "or let @BotFather revoke the token and reconnect with the new one."
    ),
    "push_failing": _l(
        "is not told what is new: the platform’s pushes don’t reach this installation. "
        "Mend its address, or let the channel ask again instead."
    ),
    "page_repeats": _l("needs you: the platform keeps sending the same page."),
    "rate_limited": _l("asked too often; it goes on when the platform allows it again."),
    "host_not_found": _l("can't be reached: the server's name is not known. Check the address."),
    "connection_refused": _l("can't be reached: the server refuses connections."),
    "tls_failed": _l("can't be reached safely: the server's certificate is not in order."),
    "timeout": _l("does not answer in time; Relevo keeps trying."),
    "server_error": _l("gets errors from the platform; Relevo keeps trying."),
    "address_refused": _l("is refused: its address is a private one that the operator did not allow."),
    "plain_http_refused": _l("is refused: its address is not encrypted."),
    "not_this_platform": _l("is not the platform that it was. Check the address."),
    "tree_too_large": _l("has more below one post than can be read at once; replies that mention it are read."),
    "tree_unreadable": _l("is not shown what stands below one of its posts; replies that mention it are read."),
    "gone": _l("does not find any more what it asked for."),
    "by_member": _l("is paused."),
    "unavailable": _l("can't be reached at the moment; Relevo keeps trying."),
}
UNKNOWN = _l("needs you: see what its page says.")
# Which permission a failure's code says is missing, by the platform's own name.
SCOPES = {
    "permission_missing_account": "read:accounts",
    "permission_missing_notifications": "read:notifications",
    "permission_missing_statuses": "read:statuses",
    "permission_missing_writing": "write:statuses",
    "permission_missing_likes": "write:favourites",
}
_MISSING = _l("needs you: the permission %(scope)s is missing. Reconnect it and allow everything asked for.")


def word_failure(code: str | None, translate: Callable[[str], str]) -> str:
    """Say what a failure's code means, as `translate` puts a sentence."""
    if code in SCOPES:
        return translate(_MISSING) % {"scope": SCOPES[code]}
    return translate(SENTENCES.get(code or "", UNKNOWN))


def find_trouble(session: Session, channel: Channel) -> str:
    """Return the code of what keeps a channel from delivering; "" where nothing does."""
    if channel.state == ChannelState.NEEDS_YOU:
        return channel.state_reason or "unknown"
    failing = (
        select(ChannelStream)
        .where(ChannelStream.channel_id == channel.id, ChannelStream.is_off.is_(False))
        .where(ChannelStream.failure_code.is_not(None))
        .order_by(ChannelStream.failing_since_at, ChannelStream.id)
    )
    found = sorted(session.scalars(failing), key=lambda one: is_comment_stream(one.name))
    return found[0].failure_code or "" if found else ""
