"""The sentence for each error code, in the language of the page: what happened and what to do.

A subject that raises a new code adds its sentence here; tests/house finds codes without one.
Values stand as %(name)s and come from the error's details.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from inbox.errors import RelevoError

SENTENCES: dict[str, LazyString] = {
    # every page
    "not_found": _l("There is nothing here, or it is not yours to see."),
    "sign_in_first": _l("Sign in first."),
    "not_allowed": _l("You may see this, but not do that. A lead or an admin can give you the right."),
    # notifications
    "import_is_running": _l("What was said before is still being read. Decide once that is done."),
    "count_from_later": _l("Choose a time before the channel was read again: what came since then waits anyway."),
    "choice_unknown": _l("Choose one of the times that are offered."),
    "method_not_found": _l("That way to reach you was removed meanwhile."),
    "method_kind_unknown": _l("Nothing can be sent that way here. Choose another."),
    "method_field_missing": _l("Fill in every field that is not marked as optional."),
    "method_field_malformed": _l("One of the fields is too long or holds letters that can’t be sent."),
    "method_unverified": _l("Verify it first, with the code that was sent there."),
    "methods_too_many": _l("There are %(most)s already. Remove one first."),
    "phone_malformed": _l("Give the number with its country, such as +34 600 111 222."),
    "web_address_malformed": _l("Give a whole address that begins with https://."),
    "signing_secret_short": _l("The signing secret needs at least 16 characters."),
    "telegram_malformed": _l("Give the bot token as @BotFather shows it, and the chat id as a number."),
    "ntfy_malformed": _l("A topic has up to 64 letters, digits, - or _; a token has no spaces."),
    "pagerduty_malformed": _l("The integration key has 32 letters and digits."),
    "apprise_malformed": _l("Apprise can’t read that address. Compare it with the service’s page of Apprise."),
    "apprise_scheme_refused": _l("Only these services can be reached through Apprise: %(schemes)s."),
    "push_missing": _l("The browser has given no address for notifications. Allow them on this page, with scripts on."),
    "push_malformed": _l("What the browser gave can’t be used. Reload the page and try again."),
    "method_ended": _l("Nothing reaches you there any more. Remove it, and add it again in that browser."),
    "code_wrong": _l("That is not the code. Tries left: %(left)s."),
    "code_too_old": _l("That code is no longer good. Have another one sent."),
    "code_tried_too_often": _l("Too many wrong codes. Have another one sent."),
    "codes_too_many": _l("That was sent %(most)s times within the hour. Wait a while, then try again."),
    "quiet_hours_malformed": _l("Give two different times, such as 22:00 and 07:00."),
    # members
    "member_not_found": _l("There is no such person here."),
    "member_is_deactivated": _l("This person has been deactivated. Reactivate them first."),
    "team_not_found": _l("There is no such team."),
    "team_name_taken": _l("Another team is called %(name)s. Choose another name."),
    "role_unknown": _l("Choose viewer, responder or lead."),
    "last_admin": _l("This is the last admin. Make somebody else an admin first."),
    "session_not_found": _l("That session has already ended."),
    "email_malformed": _l("That is not a complete e-mail address."),
    "email_taken": _l("Somebody else signs in with that address."),
    "already_member": _l("%(email)s is already a member."),
    "invitation_not_found": _l("That invitation was accepted or revoked meanwhile."),
    "invitation_not_valid": _l("This invitation has been used, revoked, or is older than 72 hours. Ask for a new one."),
    "name_malformed": _l("Give a name of 1 to 80 characters."),
    "language_unknown": _l("Choose English, Spanish, or the browser's language."),
    "time_zone_unknown": _l("There is no time zone called %(time_zone)s. Choose one from the list."),
    "theme_unknown": _l("Choose light, dark, or automatic."),
    "undo_seconds_out_of_range": _l("The undo time goes from 0 to %(longest)s seconds."),
    "not_a_number": _l("Give a whole number."),
    "password_short": _l("Use at least %(shortest)s characters."),
    "password_long": _l("Use at most %(longest)s characters."),
    "password_common": _l("Everybody tries that password first. Choose one that is harder to guess."),
    "password_is_email": _l("Your password must not be your e-mail address."),
    "passwords_differ": _l("The two passwords are not the same."),
    "password_wrong": _l("That is not your current password."),
    "password_changed": _l("Your password was changed elsewhere a moment ago. Sign in with the new one."),
    "sign_in_wrong": _l("The e-mail address or the password is not right."),
    "sign_in_too_often": _l("Too many wrong tries. Wait ten minutes, then try again."),
    "one_time_password_expired": _l(
        "This one-time password is older than an hour. Ask an admin for a new one, "
        "or run: relevo member password %(email)s"
    ),
    # calendars
    "calendar_not_found": _l("There is no such calendar."),
    "calendar_name": _l("Give the calendar a name of at most %(most)s letters."),
    "calendar_name_taken": _l("There is a calendar called %(name)s already."),
    "calendar_changed_meanwhile": _l(
        "%(name)s was saved by somebody else meanwhile. What you typed is still here: compare, then save again."
    ),
    "calendar_archived": _l("%(name)s is archived. Restore it first."),
    "calendar_in_use": _l("%(name)s stays: these SLA policies count by it: %(policies)s. Give them another one first."),
    "calendar_never_open": _l("This calendar never opens, so nothing would ever be due. Give at least one day hours."),
    "hours_not_understood": _l("“%(text)s” is not understood. Write hours like 09:00–14:00, 16:00–20:00."),
    "hours_empty": _l("“%(text)s” ends when it begins. For a whole day write 00:00–24:00."),
    "hours_overlap": _l("“%(text)s”: two of these overlap. Join them, or let one end before the next begins."),
    "hours_too_many": _l("At most %(most)s periods fit into a day."),
    "exception_date": _l("“%(text)s” is not a date of the coming years."),
    "exception_without_date": _l("An exception has hours or a name, but no date. Give it one, or clear it."),
    "exception_twice": _l("%(day)s is an exception twice. Keep one."),
    "exceptions_too_many": _l("At most %(most)s exceptions fit into a calendar; a feed can carry more."),
    "country_not_known": _l("No holidays are known for that country. Choose one from the list."),
    "region_not_known": _l("That country has no such region. Choose one from the list."),
    "arrival_not_a_time": _l("“%(text)s” is not a date and time."),
    "target_not_hours": _l("The promise is a number of hours, from 1 to 10000."),
    "proposal_is_decided": _l("Somebody has decided about this already."),
    "feed_address": _l("That is not the address of a feed. It begins with https:// or webcal://."),
    "feed_answered": _l("The feed’s server answered %(status)s. Open the address in a browser to see why."),
    "feed_not_icalendar": _l("This is not an iCalendar file: it should begin with BEGIN:VCALENDAR."),
    "feed_too_large": _l("This iCalendar file is larger than %(most)s KB. Use one that has only the closed days."),
    "feed_has_too_many": _l("More than %(most)s dates: use an iCalendar that has only the closed days."),
    "feed_file_missing": _l("Choose an iCalendar file first; its name ends in .ics."),
    # channels
    "admins_only": _l("Only an admin may do that."),
    "channel_not_found": _l("There is no such channel, or it is not yours to see."),
    "sign_in_not_begun": _l("That sign-in was begun elsewhere, or too long ago. Begin again here."),
    "channel_is_connected": _l("%(handle)s is connected already."),
    "channel_is_disconnected": _l("%(handle)s is disconnected. Connect it again first."),
    "channel_is_not_active": _l("%(handle)s is not being read at the moment. Resume or reconnect it first."),
    "push_not_offered": _l("%(handle)s can’t be pushed to: this needs a public https address (RELEVO_PUBLIC_URL)."),
    "channel_is_not_paused": _l("%(handle)s is not paused."),
    "channel_disconnected": _l("%(handle)s is disconnected, so nothing can be sent from it. Your text is kept."),
    "another_account": _l("That is %(other_handle)s, but this channel is %(handle)s. Sign in as %(handle)s."),
    "credential_missing": _l("This channel has no password or token any more. Reconnect it."),
    "platform_unknown": _l("There is no platform called %(platform)s here."),
    "discard_reason_missing": _l("Say why it can be thrown away."),
    "quarantine_resolved": _l("Somebody has decided about that meanwhile."),
    "quarantined_not_found": _l("There is nothing like that in quarantine, or it is not yours to see."),
    "still_unreadable": _l("It still can't be read: %(reason)s."),
    # conversations
    "activity": _l("There is nothing to undo there."),
    "message": _l("There is no such message, or it is not yours to see."),
    "label": _l("That label is not on this conversation."),
    "label_empty": _l("Give the label a word."),
    "label_too_long": _l("A label has at most %(max)s characters."),
    "has_label": _l("The label %(name)s is on already."),
    "note_empty": _l("The note is empty."),
    "note_too_long": _l("A note has at most %(max)s characters."),
    "note_gone": _l("That note was deleted meanwhile."),
    "not_yours": _l("Only who wrote it may delete it."),
    "assignee_left": _l("They have left. Choose somebody else."),
    "assignee_may_not_see": _l("%(name)s may not see this channel. Choose somebody else, or ask an admin for a grant."),
    "team_may_not_see": _l("That team may not see this channel. Choose another, or ask an admin for a grant."),
    "priority_unknown": _l("Choose low, normal, high or urgent."),
    "snooze_past": _l("That moment is over. Choose a later one."),
    "snooze_too_far": _l("That is too far ahead. Choose a moment within a year."),
    "snooze_time_missing": _l("Say until when."),
    "snooze_time_malformed": _l("That is not a date and time."),
    "not_open": _l("This conversation is not open any more."),
    "not_snoozed": _l("This conversation is not snoozed any more."),
    "not_done": _l("This conversation is not done any more."),
    "not_spam": _l("This conversation is not marked as spam any more."),
    "not_inbound": _l("Only what a person wrote to you can wait for an answer."),
    "not_in_thread": _l("That person is not in this thread."),
    "already_waits": _l("That message waits already."),
    "does_not_wait": _l("That message does not wait any more."),
    "message_gone": _l("Its author has deleted that message."),
    "already_undone": _l("That has been undone already."),
    "changed_since": _l("It was changed again since, so it can't be undone. Look at what it is now."),
    "not_undoable": _l("That can't be undone."),
    "why_needed": _l("Somebody still waits here. Say whether they were answered elsewhere or need no answer."),
    "why_unknown": _l("Choose answered elsewhere or no answer needed."),
    "last_call_missing": _l("This page was incomplete. Reload it and try again."),
    "seen_seq_missing": _l("This page was incomplete. Reload it and try again."),
    "filter_unknown": _l("There is no such filter. Go back to the queue and choose again."),
    "key_wrong": _l("This link is incomplete. Go back to the queue and open it again."),
    # replies
    "conversation_unknown": _l("There is no such conversation, or it is not yours to see."),
    "may_not_answer": _l("You may not answer on this channel. A lead or an admin can give you the right."),
    "draft_unknown": _l("There is no such draft, or it is not yours."),
    "reply_key_unknown": _l("This composer belongs to another conversation. Reload the page; your draft is kept."),
    "delivery_unknown": _l("There is no such reply, or it is not yours to see."),
    "not_shown_yet": _l("The platform does not show this reply yet. Try again in a minute."),
    "draft_discarded": _l("This draft was discarded. Start a new reply."),
    "draft_is_leaving": _l("This reply is on its way, so it can't be changed."),
    "draft_too_long": _l("A draft has at most %(max)s characters."),
    "mode_unknown": _l("Choose a public or a private reply."),
    "mode_unavailable": _l("This kind of reply is not possible here."),
    "parent_gone": _l("Its author has deleted the message you answer. Your text is kept."),
    "parent_unknown": _l("The message you answer is not in this conversation any more. Reload the page."),
    "window_closed": _l("The platform takes no reply here any more: its time is over. Your text is kept."),
    "seen_seq_unknown": _l("This page was incomplete. Reload it and try again; your draft is kept."),
    "not_possible_here": _l("The platform has nothing like that here."),
    "already_leaving": _l("It is already leaving."),
    "not_in_doubt": _l("That was decided meanwhile. Look at what it is now."),
    "candidate_taken": _l("That message belongs to another reply. Look at what it is now."),
    "candidate_unknown": _l("That message is not one of those that were found."),
    # alerts
    "alert_not_found": _l("There is no such alert, or it is not yours to see."),
    "alert_closed": _l("This alert is over: nobody waits any more."),
    "alert_taken": _l("Somebody took this alert a moment ago."),
    "alert_taken_or_over": _l("What you were told of is over, or taken already."),
    "alert_not_played": _l("This alert is real: it is told by its steps."),
    "trial_reaches_nobody": _l("Nothing verified reaches you. Add a way under Your settings, then try it."),
    "alert_link_not_valid": _l(
        "This link has been used or is older than 24 hours. Nothing was changed. Sign in to see your alerts."
    ),
    "escalation_not_found": _l("There is no such escalation policy, or it is not yours to see."),
    "escalation_changed": _l("Somebody saved this policy while you wrote. Open it again, then make your change."),
    "escalation_name_taken": _l("Another policy is called %(name)s. Choose another name."),
    "steps_missing": _l("A policy needs at least one step."),
    "steps_too_many": _l("A policy has at most %(most)s steps."),
    "targets_wrong": _l("Choose whom each step tells, %(most)s at most."),
    "target_unknown": _l("A step names somebody whom you can't choose. Choose again from the list."),
    "wait_out_of_range": _l("The wait before a step is a whole number of minutes, at most 1440 (a day)."),
    "repeats_out_of_range": _l("All steps can be repeated 0 to %(most)s times."),
    "wakes_unknown": _l("Choose for what somebody is woken at night."),
    "team_needed": _l("Choose one of your teams. What is for everybody is made by admins."),
    # pictures
    "picture_not_found": _l("There is no such picture, or it is not yours to see."),
    "picture_refused": _l("The platform does not give that picture."),
    "edited_meanwhile": _l("A message here was changed while you wrote. Read it again, then press Send once more."),
    "joined_meanwhile": _l("This was joined with another part of its thread meanwhile. Look at it again, then decide."),
    "picture_not_kept": _l("There is no room for this picture on the disk."),
    "not_a_picture": _l("That is not a picture that can be shown."),
    # rotations
    "leads_only": _l("Only a lead or an admin may do that."),
    "rotation_not_found": _l("There is no such rotation any more."),
    "rotation_changed": _l(
        "Somebody else changed %(name)s while you were at it. Below is what you gave; reload to see what it is now."
    ),
    "rotation_name_taken": _l("Another rotation is called %(name)s. Choose another name."),
    "rotation_kind_fixed": _l("What kind of rotation it is can't be changed. Make a new one."),
    "rotation_kind_unknown": _l("Choose a rotation on call or one at the desk."),
    "rotation_empty": _l("Choose at least one person."),
    "rotation_member_twice": _l("Somebody is in it twice. Leave each person once."),
    "rotation_too_long": _l("A rotation has at most %(most)s people."),
    "handoff_malformed": _l("Say on which day and at what time the handoff is."),
    "start_date_malformed": _l("Say on which day the first turn begins."),
    "shift_malformed": _l(
        "%(given)s is not a shift. Write it like 9:00-17:00, several with commas, 22:00-6:00 over midnight."
    ),
    "desk_member_missing": _l("Choose who has these shifts."),
    "day_off_on_call": _l("On call, say who is on instead."),
    "override_not_found": _l("That is over or was removed meanwhile."),
    "override_ends_first": _l("It must end after it begins."),
    "override_is_over": _l("That time is over. Choose one that ends later than now."),
    "override_too_far": _l("That is too far ahead. Choose a time within a year."),
    "override_time_malformed": _l("Say from when and until when."),
    # SLA policies
    "sla_policy_not_found": _l("There is no such SLA policy, or it is not yours to see."),
    "sla_policy_of_others": _l("Only an admin, or who leads all of its channels, can change this policy."),
    "sla_channels_needed": _l("Choose the channels that it is for, among those that you lead. For all, ask an admin."),
    "sla_policy_changed": _l(
        "Somebody else changed %(name)s while you were at it. Below is what you gave; reload to see what it is now."
    ),
    "sla_policy_archived": _l("%(name)s was archived meanwhile. Make a new policy."),
    "sla_policy_name_taken": _l("Another policy is called %(name)s. Choose another name."),
    "sla_policies_reordered": _l("Somebody changed the order meanwhile. Look at what it is now, then move it again."),
    "sla_policies_too_many": _l("There are at most %(most)s policies. Archive one first."),
    "promised_hours": _l("Promise an answer within 1 to %(most)s hours."),
    "answers_changed": _l("Somebody changed this while you answered. Here is what holds now; make your change again."),
    "last_resort_missing": _l("Choose at least one who is told last: otherwise an alert may reach nobody."),
    "target_out_of_range": _l("Promise an answer within 1 minute to 365 days, in whole hours and minutes."),
    "warnings_too_many": _l("A policy warns at most %(most)s times."),
    "warning_percent": _l("A warning by per cent comes at 1 to 99 per cent of the time."),
    "warning_out_of_range": _l("A warning comes 1 minute to 365 days before or after the deadline, a whole number."),
    "warning_before_start": _l("A warning before the deadline must be shorter than the promised time."),
    "named_too_many": _l("Choose at most %(most)s of a kind."),
    "label_not_found": _l("There is no such label, or it is not yours to see."),
    # saved replies
    "saved_reply_not_found": _l("There is no such saved reply any more, or it is another team's."),
    "saved_reply_changed": _l(
        "Somebody else changed %(name)s while you were at it. Below is what you gave; reload to see what it is now."
    ),
    "saved_reply_unnamed": _l("Give it a name."),
    "saved_reply_name_long": _l("A name and a folder have at most %(most)s letters."),
    "saved_reply_empty": _l("Write what it says, in one language at least."),
    "saved_reply_long": _l("A wording has at most %(most)s letters, and there are ten languages at most."),
    "saved_reply_variable": _l("%(given)s is nothing that can be filled in. There are %(known)s."),
    "saved_reply_language": _l("Choose a language from the list."),
    "saved_reply_language_twice": _l("There are two wordings for %(language)s. Keep one."),
    "saved_reply_team_needed": _l("Choose a team that you lead. For everybody, ask an admin."),
    "saved_replies_too_many": _l("There are at most %(most)s saved replies. Delete one first."),
    # settings, as the command line says them
    "setting_not_a_number": _l("%(name)s must be a number, not %(value)s."),
    "secret_keys_missing": _l("There is no secret key. Set RELEVO_SECRET_KEYS, or let relevo up make one."),
    "secret_keys_malformed": _l("RELEVO_SECRET_KEYS must hold keys as relevo keys makes them."),
    "secret_key_does_not_fit": _l("None of the secret keys opens this. Put the key back by which it was sealed."),
}

_BY_STATUS: dict[int, LazyString] = {
    400: _l("That could not be understood. Go back, check what you gave, and try again."),
    403: SENTENCES["not_allowed"],
    404: SENTENCES["not_found"],
    409: _l("Somebody was faster. Look at what it is now, then decide again."),
}


def sentence(code: str, details: Mapping[str, object] | None = None) -> str:
    """Return what to tell a member about an error code; a general sentence if it has none of its own."""
    known = SENTENCES.get(code)
    return _fill(known, details or {}) if known is not None else str(_BY_STATUS[400])


def sentence_of(error: RelevoError) -> str:
    """Return what to tell a member about this error."""
    known = SENTENCES.get(error.code) or _BY_STATUS.get(error.status) or _BY_STATUS[400]
    return _fill(known, error.details)


def _fill(known: LazyString, details: Mapping[str, object]) -> str:
    text = str(known)
    return text % _Blank(details) if "%(" in text else text


class _Blank(dict[str, object]):
    """Details in which what is missing is an ellipsis: a sentence with a gap beats an error page."""

    def __missing__(self, _key: str) -> str:
        return "…"
