"""Entries of a thread as HTML: for its page, for an earlier part, for what an open page asks again.

A message's HTML is remembered by all that it is made of, as a row's is (decision 0015): the message itself, what may be
done in its conversation, language, zone, and where we are mounted. The page's form token, which is another each time,
is left out of what is remembered and filled in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_hex
from typing import TYPE_CHECKING

from flask import get_template_attribute, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from inbox import languages
from inbox.desk.entries import MESSAGES_REMEMBERED, EntryShown, is_short

if TYPE_CHECKING:
    from inbox.desk.threads import ThreadShown

_HOLE = token_hex(16)  # stands where the form token will; nobody outside can write it into a message

_Macro = Callable[..., Markup]


@dataclass(frozen=True)
class Surroundings:
    """What a message's HTML tells of its conversation. `link`: the conversation's whole address."""

    is_private: bool
    may_triage: bool
    may_answer: bool
    can_like: bool
    can_delete_own: bool
    link: str


def entries_html(entries: Sequence[EntryShown], thread: "ThreadShown", member_id: int) -> list[Markup]:
    """Return each entry as the member sees it in this conversation."""
    token = escape(generate_csrf())
    message_of = get_template_attribute("conversations/_message.html", "message_of")
    note_of = get_template_attribute("conversations/_note.html", "note_of")
    line_of = get_template_attribute("conversations/_line.html", "line_of")
    here = Surroundings(
        thread.is_private,
        thread.may_triage,
        thread.may_answer,
        thread.can_like,
        thread.can_delete_own,
        thread.link,
    )
    circumstances = (here, message_of, request.script_root, languages.language(), languages.zone())

    def html_of(entry: EntryShown) -> Markup:
        if entry.message:
            make = _make if is_short(entry.message) else _make.__wrapped__
            return token.join(make(entry, *circumstances))
        html: Markup = note_of(entry, entry.note, member_id, token) if entry.note else line_of(entry)
        return html

    return [html_of(entry) for entry in entries]


@lru_cache(maxsize=MESSAGES_REMEMBERED)
def _make(
    entry: EntryShown, here: Surroundings, message_of: _Macro, _root: str, _language: str, _zone: str
) -> tuple[Markup, ...]:
    """Return a message's HTML in the pieces between which the form token stands."""
    return tuple(Markup(piece) for piece in message_of(entry, entry.message, here, _HOLE).split(_HOLE))  # noqa: S704
