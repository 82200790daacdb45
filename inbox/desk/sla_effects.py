"""What a change of policies does to running timers, as the page that asks shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from inbox.activity.models import OF_POLICIES, Activity
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation
from inbox.conversations.replanning import Example, foresee
from inbox.desk.words import person_word
from inbox.members.access import sees
from inbox.members.models import Member
from inbox.sla.models import Replan, SlaPolicyVersion
from inbox.sla.replanning import Prospect

MOST_DONE = 12


@dataclass(frozen=True)
class ExampleShown:
    """A conversation whose deadline would be another one, with its person's name."""

    conversation_id: int
    name: str
    due_at: datetime | None
    will_be_due_at: datetime | None


@dataclass(frozen=True)
class Part:
    """How many timers something happens to, in words, and some of them."""

    sentence: str
    examples: Sequence[ExampleShown]


@dataclass(frozen=True)
class EffectShown:
    """An effect in words."""

    parts: Sequence[Part]
    changed_count: int
    cut_sentence: str
    has_hidden: bool = False


def look_ahead(
    session: Session, member: Member, versions: Sequence[SlaPolicyVersion], policy_id: int, now: datetime
) -> EffectShown | None:
    """Return what running timers would have of these policies; None: nothing."""
    effect = foresee(session, Prospect(session, versions, policy_id, now), member.id)
    if not effect.changed_count and not effect.has_hidden:
        return None
    names = _names(session, member, (*effect.moved, *effect.late, *effect.relieved))
    still = effect.moved_count - effect.late_count - effect.relieved_count
    same = effect.changed_count - effect.moved_count
    parts = [
        Part(_late(effect.late_count), _show(effect.late, names)),
        Part(_relieved(effect.relieved_count), _show(effect.relieved, names)),
        Part(_moved(still), _show(effect.moved, names)),
        Part(_same(same), ()),
    ]
    cut = ngettext(
        "More than %(num)s people wait; only the first of them were looked at.",
        "More than %(num)s people wait; only the first of them were looked at.",
        effect.looked_count,
    )
    shown = [part for part in parts if part.sentence]
    return EffectShown(shown, effect.changed_count, str(cut) if effect.is_cut else "", effect.has_hidden)


def progress_sentence(one: Replan) -> str:
    """Say how far running timers were brought along; how many they are is not for everybody to know."""
    if one.finished_at is None:
        share = f"{share_looked(one)} %"
        return str(_("Running timers are being brought along: %(share)s looked at", share=share))
    return str(_("Running timers were brought along"))


def share_looked(one: Replan) -> int:
    """Return how far it came, in per cent: how many wait in all is not for everybody to know."""
    return min(100, 100 * one.looked_count // one.running_count) if one.running_count else 100


def list_done(session: Session, policy_ids: Iterable[int] | None) -> list[Activity]:
    """Return what was done to policies last, newest first; to these alone if any are given."""
    query = select(Activity).where(text(OF_POLICIES)).order_by(Activity.id.desc())
    wanted = None if policy_ids is None else set(policy_ids)
    found: list[Activity] = []
    for row in session.scalars(query.limit(50 * MOST_DONE)):
        if wanted is None or int((row.after or {}).get("sla_policy_id", 0)) in wanted:
            found.append(row)
        if len(found) == MOST_DONE:
            break
    return found


def _names(session: Session, member: Member, examples: Iterable[Example]) -> dict[int, str]:
    """Return who waits there, among those that the member sees."""
    query = (
        select(Conversation.id, Contact.display_name, Contact.handle)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id.in_({one.conversation_id for one in examples}))
        .where(sees(member.id, Conversation.channel_id, Conversation.is_private))
    )
    return {number: person_word(name, handle) for number, name, handle in session.execute(query)}


def _show(examples: Iterable[Example], names: dict[int, str]) -> list[ExampleShown]:
    return [
        ExampleShown(one.conversation_id, names[one.conversation_id], one.due_at, one.will_be_due_at)
        for one in examples
        if one.conversation_id in names
    ]


def _late(count: int) -> str:
    said = ngettext("%(num)s would be late at once", "%(num)s would be late at once", count)
    return str(said) if count else ""


def _relieved(count: int) -> str:
    said = ngettext("%(num)s would no longer be late", "%(num)s would no longer be late", count)
    return str(said) if count else ""


def _moved(count: int) -> str:
    said = ngettext("%(num)s gets another deadline", "%(num)s get another deadline", count)
    return str(said) if count else ""


def _same(count: int) -> str:
    said = ngettext(
        "%(num)s keeps its deadline; its warnings and whom it alerts may change",
        "%(num)s keep their deadline; their warnings and whom they alert may change",
        count,
    )
    return str(said) if count else ""
