"""What went wrong while connecting an account, in one sentence that says what to do."""

from collections.abc import Mapping

from flask_babel import gettext as _

from inbox.desk.telegram_words import token_sentence
from inbox.desk.words import platform_word
from inbox.errors import RelevoError
from inbox.platforms.contract import PlatformError
from inbox.sentences import sentence_of

# The account signs in well, but its private messages can't be read: the public side can be connected alone.
WITHOUT_DIRECT = frozenset({"permission_missing_direct", "direct_not_offered"})


def connect_sentence(error: RelevoError, *, handle: str, service: str, platform: str = "bluesky") -> str:
    """Word an error of signing in; `handle` and `service` are what the member typed."""
    sentences = {
        "host_not_found": _("No server answers to the name %(service)s. Check its spelling.", service=service),
        "connection_refused": _("%(service)s refuses the connection. Check the address and its port.", service=service),
        "tls_failed": _(
            "%(service)s offers no secure (TLS) connection, so the password was not sent there.", service=service
        ),
        "plain_http_refused": _(
            "%(service)s is not encrypted (http). Use https, or let the operator declare it in RELEVO_LOCAL_SERVICES.",
            service=service,
        ),
        "address_refused": _(
            "%(service)s is a private address. The operator can allow it in RELEVO_LOCAL_SERVICES.", service=service
        ),
        "timeout": _("%(service)s did not answer within ten seconds. Try again later.", service=service),
        "unavailable": _("%(service)s can't be reached at the moment. Try again later.", service=service),
        "server_error": _("%(service)s answers with an error of its own. Try again later.", service=service),
        "handle_unknown": _("Nobody is called %(handle)s there. Check the handle.", handle=handle),
        "sign_in_refused": _(
            "%(handle)s exists, but this app password does not open it. Make a new app password and paste it whole.",
            handle=handle,
        ),
        "two_factor_needed": _(
            "That is the account’s own password, which asks for a code by mail. Use an app password instead."
        ),
        "account_deactivated": _("%(handle)s is deactivated. Activate it on the platform first.", handle=handle),
        "account_takendown": _("The platform has taken %(handle)s down. Only it can mend that.", handle=handle),
        "account_suspended": _("The platform has suspended %(handle)s. Only it can mend that.", handle=handle),
        "rate_limited": _("The platform counts too many sign-ins. Wait a few minutes, then try again."),
        "permission_missing_direct": _(
            "This app password does not open private messages. Make one that does, or connect public replies only."
        ),
        "direct_not_offered": _(
            "%(service)s offers no private messages. You can connect public replies only.", service=service
        ),
        "another_account": _somebody_else(error.details),
    }
    of_bots = token_sentence(error) if platform == "telegram" else None
    sentence = of_bots or sentences.get(error.code) or _there(service, platform).get(error.code)
    if sentence is not None:
        return str(sentence)
    if isinstance(error, PlatformError):
        said = error.detail or error.code
        return str(_("%(service)s refused to sign in: %(said)s", service=service, said=said))
    return sentence_of(error)


def _there(service: str, platform: str) -> Mapping[str, str]:
    """Return the sentences of signing in on the platform itself, and with a token from there."""
    name = platform_word(platform)
    return {
        "not_this_platform": _(
            "%(service)s answers, but not as a %(platform)s server. Check the address.", service=service, platform=name
        ),
        "secret_too_short": _("The shared secret must have at least 32 letters."),
        "secret_refused": _("%(service)s does not take this secret. Both sides must have the same.", service=service),
        "server_missing": _("Give the name of the account’s server, such as social.example."),
        "token_missing": _("Paste the token whole, as the server shows it."),
        "token_refused": _("%(service)s does not know this token. Copy it again, whole.", service=service),
        "code_refused": _("%(service)s did not complete the sign-in. Begin again.", service=service),
        "app_refused": _(
            "%(service)s does not know Relevo any more. Begin again: it is made known anew.", service=service
        ),
        "sign_in_denied": _("The sign-in was refused on %(service)s. Nothing was changed.", service=service),
        "permission_missing_account": _lacks("read:accounts"),
        "permission_missing_notifications": _lacks("read:notifications"),
        "permission_missing_statuses": _lacks("read:statuses"),
        "permission_missing_writing": _lacks("write:statuses"),
        "permission_missing_likes": _lacks("write:favourites"),
    }


def _lacks(scope: str) -> str:
    return str(
        _("The permission %(scope)s is missing. Allow everything that is asked for, then try again.", scope=scope)
    )


def _somebody_else(details: Mapping[str, object]) -> str:
    """Name both accounts; two of one name differ by what the platform calls them."""
    other, handle = str(details.get("other_handle", "")), str(details.get("handle", ""))
    if other == handle:
        return str(
            _("That is another account, though it is called %(handle)s too. Nothing was changed.", handle=handle)
        )
    return str(
        _(
            "That is %(other)s, not %(handle)s. Reconnecting needs the same account; nothing was changed.",
            other=other,
            handle=handle,
        )
    )
