"""A channel's trouble in one sentence that says what to do."""

from flask_babel import gettext as _

from inbox.channels.models import Channel, ChannelState


def trouble_sentence(channel: Channel) -> str:
    """Say what is wrong with a channel; empty when nothing is."""
    if channel.state == ChannelState.NEEDS_YOU:
        return failure_sentence(channel.state_reason)
    if channel.failing_since_at is not None:
        return str(_("can't be read at the moment; Relevo keeps trying."))
    if channel.quiet_since_at is not None:
        return str(_("is oddly quiet: nothing new for much longer than usual. Look whether it still works there."))
    return ""


def failure_sentence(code: str | None) -> str:
    """Say what a failure's code means, and what to do."""
    sentences = {
        "token_expired": _("needs you: the sign-in no longer counts. Reconnect it."),
        "permission_missing": _("needs you: a permission is missing. Reconnect it and allow everything asked for."),
        "permission_missing_direct": _("can't read private messages: the app password does not allow them."),
        "permission_missing_account": _missing("read:accounts"),
        "permission_missing_notifications": _missing("read:notifications"),
        "permission_missing_statuses": _missing("read:statuses"),
        "permission_missing_writing": _missing("write:statuses"),
        "permission_missing_likes": _missing("write:favourites"),
        "account_suspended": _("needs you: the platform has suspended the account."),
        "account_gone": _("needs you: the account is deactivated or gone on the platform."),
        "account_deactivated": _("needs you: the account is deactivated on the platform."),
        "unreadable_page": _("needs you: the platform sends pages that can't be read. They are kept in quarantine."),
        "malformed": _("gets answers from the platform that can't be read. They are kept in quarantine."),
        "webhook_set": _(
            "needs you: the bot’s updates are pushed to another program, and a bot has one reader only. "
            "Reconnect it to take it over."
        ),
        "other_consumer": _(
            "needs you: another program reads this bot as well, and each gets only a part. Stop that one, "
            "or let @BotFather revoke the token and reconnect with the new one."
        ),
        "push_failing": _(
            "is not told what is new: the platform’s pushes don’t reach this installation. "
            "Mend its address, or let the channel ask again instead."
        ),
        "page_repeats": _("needs you: the platform keeps sending the same page."),
        "rate_limited": _("asked too often; it goes on when the platform allows it again."),
        "host_not_found": _("can't be reached: the server's name is not known. Check the address."),
        "connection_refused": _("can't be reached: the server refuses connections."),
        "tls_failed": _("can't be reached safely: the server's certificate is not in order."),
        "timeout": _("does not answer in time; Relevo keeps trying."),
        "server_error": _("gets errors from the platform; Relevo keeps trying."),
        "address_refused": _("is refused: its address is a private one that the operator did not allow."),
        "plain_http_refused": _("is refused: its address is not encrypted."),
        "not_this_platform": _("is not the platform that it was. Check the address."),
        "gone": _("does not find any more what it asked for."),
        "by_member": _("is paused."),
        "unavailable": _("can't be reached at the moment; Relevo keeps trying."),
    }
    return str(sentences.get(code or "", _("needs you: see what its page says.")))


def _missing(scope: str) -> str:
    said = _(
        "needs you: the permission %(scope)s is missing. Reconnect it and allow everything asked for.", scope=scope
    )
    return str(said)
