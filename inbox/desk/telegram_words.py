"""Telegram in sentences: what went wrong while a bot was connected, and what it can see."""

from collections.abc import Sequence

from flask_babel import gettext as _

from inbox.errors import RelevoError


def token_sentence(error: RelevoError) -> str | None:
    """Word an error of signing a bot in, where a bot's differs from other accounts'."""
    sentences = {
        "token_malformed": _("That is no bot token. @BotFather shows it as digits, a colon, and 35 letters."),
        "token_refused": _(
            "Telegram does not know this token. Ask @BotFather for the current one (/mybots → API Token)."
        ),
        "not_this_platform": _("That server answers, but not as a Bot API server. Check the address."),
        "webhook_set": _(
            "This bot’s updates are pushed to another program at %(host)s, and a bot has one reader only. "
            "Tick the box to take the bot over: the webhook is removed, and that program hears nothing more.",
            host=getattr(error, "detail", "") or _("an unknown host"),
        ),
    }
    found = sentences.get(error.code)
    return None if found is None else str(found)


def what_it_sees(permissions: Sequence[str]) -> list[str]:
    """Say what a bot is shown, and what to do where that is less than one may expect (telegram.md §4)."""
    if "all_group_messages" in permissions:
        groups = _("It sees every message of the groups that it is a member of.")
    else:
        groups = _(
            "Privacy mode is on: in groups it sees only commands, mentions of it and replies to it. "
            "To see everything, send /setprivacy to @BotFather and choose Disable, then remove the bot from each group "
            "and add it again; or make it an admin there."
        )
    business = (
        _(
            "Business accounts can connect it in their settings (Telegram Business → Chatbots); "
            "what is written to them comes here."
        )
        if "business" in permissions
        else _("Business accounts can’t connect it. To allow that, turn on Business Mode in @BotFather’s bot settings.")
    )
    return [
        str(groups),
        str(_("Comments under a channel’s posts come here once the bot is in the channel’s discussion group.")),
        str(_("In private it hears whoever writes to it first; it can’t begin a conversation.")),
        str(business),
        str(
            _(
                "Telegram tells bots of no deletions but those in business accounts, "
                "and shows them nothing older than a day."
            )
        ),
    ]
