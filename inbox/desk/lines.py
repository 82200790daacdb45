"""System lines of a thread: who did what, as a sentence."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _

from inbox.activity import kinds
from inbox.conversations.rows import LineView
from inbox.desk import clock_lines
from inbox.desk.words import priority_word, settled_words


def line_sentence(line: LineView) -> str:
    """Say what happened; empty for what needs no line."""
    who = line.member_name or str(_("Relevo"))
    if line.kind in kinds.OF_TIMERS:
        return clock_lines.sentence(line)
    worder = _WORDERS.get(line.kind)
    return worder(line, who) if worder else ""


def _assigned(line: LineView, who: str) -> str:
    to = _name(line, "member", line.after.get("assignee_id"))
    if not to:
        return str(_("%(who)s assigned this to nobody", who=who))
    if line.after.get("assignee_id") == line.member_id:
        return str(_("%(who)s took this", who=who))
    return str(_("%(who)s assigned this to %(to)s", who=who, to=to))


def _team_changed(line: LineView, who: str) -> str:
    team = _name(line, "team", line.after.get("team_id"))
    if not team:
        return str(_("%(who)s took this off its team", who=who))
    return str(_("%(who)s handed this to the team %(team)s", who=who, team=team))


def _snoozed(line: LineView, who: str) -> str:
    until = _time(line.after, "snoozed_until_at")
    return str(_("%(who)s snoozed this until %(time)s", who=who, time=until))


def _finished(line: LineView, who: str) -> str:
    why = settled_words("excused", str(line.after.get("why")), None) if line.after.get("why") else ""
    said = str(_("%(who)s marked this as done", who=who))
    return f"{said} · {why}" if why else said


def _excused(line: LineView, who: str) -> str:
    return str(_("%(who)s said that no answer is needed", who=who))


def _labelled(line: LineView, who: str) -> str:
    label = _name(line, "label", line.after.get("label_id")) or str(line.after.get("label") or "")
    return str(_("%(who)s put on the label %(label)s", who=who, label=label))


def _unlabelled(line: LineView, who: str) -> str:
    number = line.before.get("label_id") or line.after.get("label_id")
    label = _name(line, "label", number) or str(line.before.get("label") or "")
    return str(_("%(who)s took off the label %(label)s", who=who, label=label))


def _priority(line: LineView, who: str) -> str:
    word = priority_word(str(line.after.get("priority") or "")).lower()
    return str(_("%(who)s set the priority to %(priority)s", who=who, priority=word))


def _joined(line: LineView) -> str:
    # The first joining makes one of two parts, each later one adds a part.
    words = ngettext(
        "Two parts of this thread were joined",
        "%(parts)s parts of this thread were joined",
        line.times,
        parts=line.times + 1,
    )
    return str(words)


def _doubled(line: LineView) -> str:
    words = {
        "deleted": _("The second copy of a reply was deleted on the platform"),
        "kept": _("The second copy of a reply stays on the platform: the first is gone, or it was another reply"),
        "refused": _("The platform does not let Relevo delete the second copy of a reply: somebody has to do it there"),
    }
    found = _("The platform took a reply twice. Relevo deletes the second copy there")
    return str(words.get(str(line.after.get("came_of_it")), found))


_WORDERS: dict[str, Callable[[LineView, str], str]] = {
    kinds.ASSIGNED: _assigned,
    kinds.TEAM_CHANGED: _team_changed,
    kinds.PRIORITY_CHANGED: _priority,
    kinds.SNOOZED: _snoozed,
    kinds.WOKEN: lambda line, who: str(_("%(who)s woke this", who=who)),
    kinds.FINISHED: _finished,
    kinds.REOPENED: lambda line, who: str(_("%(who)s opened this again", who=who)),
    kinds.MARKED_SPAM: lambda line, who: str(_("%(who)s marked this as spam", who=who)),
    kinds.LABELLED: _labelled,
    kinds.UNLABELLED: _unlabelled,
    kinds.UNDONE: lambda line, who: str(_("%(who)s undid that", who=who)),
    kinds.MESSAGE_AWAITS: lambda line, who: str(_("%(who)s let a message wait for an answer", who=who)),
    kinds.MESSAGE_EXCUSED: _excused,
    kinds.MESSAGE_LIKED: lambda line, who: str(_("%(who)s liked a message", who=who)),
    kinds.MESSAGE_UNLIKED: lambda line, who: str(_("%(who)s took a like back", who=who)),
    kinds.THREADS_JOINED: lambda line, who: _joined(line),
    kinds.REPLY_DOUBLED: lambda line, who: _doubled(line),
}


def _name(line: LineView, what: str, number: Any) -> str:
    return line.names.get(f"{what}:{number}", "") if number is not None else ""


def _time(values: Mapping[str, Any], name: str) -> str:
    text = values.get(name)
    return str(format_datetime(datetime.fromisoformat(str(text)), "short")) if text else ""
