"""What a method's page says: the kinds' names, their states, and why a message did not get through."""

from inbox.languages import gettext as _
from inbox.languages import later as _l
from inbox.notifications.notices import Notice
from inbox.notifications.queries import Told

KINDS = {
    "browser": _l("Browser notification"),
    "email": _l("E-mail"),
    "telegram": _l("Telegram"),
    "slack": _l("Slack"),
    "ntfy": _l("ntfy"),
    "sms": _l("Text message"),
    "voice": _l("Phone call"),
    "pagerduty": _l("PagerDuty"),
    "webhook": _l("Webhook"),
    "apprise": _l("Other (Apprise)"),
}

_TROUBLES = {
    "timeout": _l("no answer within ten seconds"),
    "host_not_found": _l("there is no server of that name"),
    "connection_refused": _l("the server refuses connections"),
    "connection_lost": _l("the connection broke off"),
    "tls_failed": _l("no secure (TLS) connection could be made"),
    "plain_http_refused": _l("the address is not encrypted (http); use https"),
    "address_refused": _l("it is a private address, which the operator has not allowed"),
    "bad_address": _l("the address can’t be called"),
    "redirected": _l("the address leads elsewhere; give the final one"),
    "http_401": _l("the token or secret is not accepted"),
    "http_403": _l("the token or secret is not accepted"),
    "http_404": _l("the address, chat or topic does not exist"),
    "http_410": _l("the address, chat or topic does not exist"),
    "http_429": _l("the provider wants fewer messages"),
    "mail_not_set_up": _l("the operator’s mail server is not set up rightly"),
    "phone_not_set_up": _l("the operator’s phone provider is not set up rightly"),
    "apprise_failed": _l("Apprise says that it did not work, and not why"),
    "phone_busy": _l("the line was busy"),
    "unreadable": _l("its address can’t be read any more; remove it and add it again"),
    "push_gone": _l("the browser has taken it back; add it again in that browser"),
    "signed_out": _l("you signed out in that browser; add it again when you are signed in there"),
    "sign_in_expired": _l("your sign-in in that browser expired; sign in there and add it again"),
    "http_413": _l("the message was too long for it"),
    "phone_no-answer": _l("nobody picked up"),
}


def kind_word(kind: str) -> str:
    """Return a kind's name in the language in force."""
    return _(KINDS.get(kind, kind))


def trouble(code: str) -> str:
    """Say why a message did not get through."""
    known = _TROUBLES.get(code)
    return _(known) if known is not None else _("the provider refused it (%(code)s)", code=code)


def result_word(told: Told) -> str:
    """Say what became of one notice by one method."""
    match told.state:
        case "sent":
            return _("sent")
        case "refused" | "gone":
            return _("failed: %(why)s", why=trouble(told.reason or "")) if told.reason in _TROUBLES else _("failed")
        case "cancelled":
            return _("not needed any more")
        case "unclear":
            return _("not answered; it is sent again")
        case "held":
            return _("held for the next way")
    return _("on its way")


def code_notice(code: str) -> Notice:
    """Return the notice that brings a code; its subject is kept in the clear and does not say it."""
    lines = (
        _("Your code is %(code)s", code=code),
        _("Type it into Relevo within 15 minutes. If you did not ask for it, do nothing."),
    )
    return Notice("verification", _("Your Relevo code"), lines, "/me/reach", code=code)


def trial_notice() -> Notice:
    """Return the notice by which a member tries a method."""
    return Notice("test", _("A test from Relevo"), (_("You asked for this. Alerts will reach you here."),), "/me/reach")


def let_go_notice() -> Notice:
    """Return the notice that ends an incident of which nothing more will be told by a method."""
    lines = (_("Nothing more is told by this way, so what was opened by it is ended. The alert may go on in Relevo."),)
    return Notice("summary", _("Incident ended: this way was removed"), lines, "/alerts")


def ended_notice(name: str, code: str) -> Notice:
    """Return the notice that a browser is told nothing any more."""
    lines = (_("%(name)s: %(why)s.", name=name, why=trouble(code)),)
    return Notice("summary", _("A browser gets no more alerts"), lines, "/me/reach")
