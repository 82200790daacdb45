"""What became of a reply, in words that say what to do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _

from inbox.outbox.models import DeliveryState

# What platforms/contract.py calls an Unavailable.
_UNREACHED = ("unavailable", "host_not_found", "connection_refused", "tls_failed", "timeout", "address_refused")

UNREACHABLE = (
    "host_not_found",
    "connection_refused",
    "tls_failed",
    "timeout",
    "server_error",
    "unavailable",
    "unclear",
    "malformed",
)


def state_sentence(state: str) -> str:
    """Say where a reply is."""
    sentences = {
        DeliveryState.HELD: _("Leaves in a moment"),
        DeliveryState.QUEUED: _("Waits to leave"),
        DeliveryState.SENDING: _("Leaving now"),
        DeliveryState.SENT: _("Sent"),
        DeliveryState.REFUSED: _("Refused"),
        DeliveryState.UNCLEAR: _("Left, but the platform has not confirmed it: looking whether it arrived"),
        DeliveryState.NEEDS_PERSON: _("Did it arrive? Relevo can’t tell; you decide"),
        DeliveryState.CANCELLED: _("Taken back"),
        DeliveryState.RETURNED: _("Came back to you"),
        DeliveryState.GONE: _("No longer on the platform"),
    }
    return str(sentences.get(DeliveryState(state), state))


def reason_sentence(code: str | None, detail: object = None) -> str:
    """Say why a reply did not leave, and what to do; the platform's own words follow where it gave any."""
    if code == "answered_meanwhile":
        return _answered(detail)
    sentences = {
        "late": _("It did not leave in time. Do you still want to send it?"),
        "channel_paused": _("The channel is paused. Replies leave once it runs again."),
        "channel_needs_you": _("The channel can’t send at the moment. Look at the channel’s page."),
        "channel_disconnected": _("The channel was disconnected. Connect it again, then send."),
        "window_closed": _("The platform takes no more replies to this: the time for answering is over."),
        "right_lost": _("You may not answer on this channel any more. A lead or an admin can give you the right."),
        "may_not_answer": _("You may not answer on this channel. A lead or an admin can give you the right."),
        "parent_gone": _("The message was deleted meanwhile, so there is nothing to answer. Your text is kept below."),
        "text_too_long": _("It is too long for the platform. Shorten it and send it again."),
        "reply_too_long": _("It is too long for the platform. Shorten it and send it again."),
        "not_allowed": _("The platform does not allow this account to answer there."),
        "blocked": _("This person has blocked the account, or the account has blocked them."),
        "person_unreachable": _("This person can’t be reached there: the account is gone, or never wrote to this one."),
        "replies_closed": _("Nobody can answer there any more: it was closed."),
        "thread_gone": _("The topic was deleted meanwhile, so there is nothing to answer. Your text is kept below."),
        "bot_removed": _("The bot is no longer in that group. Let an admin there add it again."),
        "business_gone": _("The business account no longer lets the bot answer. It is set in its Telegram settings."),
        "duplicate": _("The platform takes it for a repetition. Change the words and send it again."),
        "wider_audience": _("The answer would have been seen by more people than the message. It was not sent."),
        "token_expired": _("The channel’s sign-in no longer counts. Reconnect it, then send again."),
        "permission_missing": _(
            "The channel lacks a permission for this. Reconnect it and allow everything asked for."
        ),
        "misplaced": _("It landed under the wrong message and was deleted there. Your text is kept below."),
        "cancelled": _("You took it back. Your text is kept below."),
        "awaited_not_sent": _("The reply before it did not leave, so this one came back."),
        "discarded": _("It was left at that. Your text is kept below."),
        "sent_after_all": _("It was sent after all: the platform shows it now. Your text is kept in case you need it."),
        "needs_approval": _("Your replies here need somebody’s approval."),
        "worker_lost": _("The program that sent it stopped before it knew the answer."),
        "unclear": _("The platform may have taken it: its answer was lost."),
        "cannot_look": _("The platform could not be asked whether an earlier try arrived. It is asked again."),
        "lease_too_short": _("It took too long to begin, so nothing was sent. It is tried again."),
        "rate_limited": _("The platform asks to wait before more is sent."),
        "mode_unavailable": _("This way of answering is not available here."),
        "refused": _("The platform refused it."),
    }
    sentences |= dict.fromkeys(_UNREACHED, _("The platform could not be reached."))
    usual = sentences["permission_missing" if (code or "").startswith("permission_missing_") else "refused"]
    said = str(sentences.get(code or "", usual))
    words = str(detail.get("detail") or "") if isinstance(detail, dict) else detail if isinstance(detail, str) else ""
    return f"{said} {_('The platform says:')} {words}" if words else said


def _answered(detail: object) -> str:
    given: Mapping[str, Any] = detail if isinstance(detail, dict) else {}
    at = given.get("at")
    time = format_datetime(datetime.fromisoformat(str(at)), "short") if at else ""
    if given.get("by") and time:
        return str(_("%(who)s answered at %(time)s. Read it, then decide.", who=given["by"], time=time))
    return str(_("Somebody answered meanwhile. Read it, then decide."))


def mode_reason(reason: str | None) -> str:
    """Say why a way of answering is not available."""
    sentences = {
        "no_private_continuation": _("This platform does not let a comment be answered in private."),
        "permission_missing_direct": _("The channel’s app password does not allow private messages."),
        "public_only": _("This channel was connected for public replies only."),
        "no_private_messages": _("This server has no private messages."),
        "window_closed": _("The platform takes no more replies to this: the time for answering is over."),
        "is_private": _("A private message is answered in private."),
        "used_up": _("The platform allows one private reply to a comment, and it was given."),
    }
    return str(sentences.get(reason or "", _("This way of answering is not available here.")))
