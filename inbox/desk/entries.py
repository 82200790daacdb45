"""Entries of a thread as the page shows them, each with what scripts sort and compare by."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from inbox.activity import kinds
from inbox.conversations.rows import Entry, LineView, MessageView, NoteView
from inbox.desk.lines import line_sentence

MESSAGES_REMEMBERED = 400  # eight parts of threads; some 8 KB each, with their HTML
_GATHERED = (kinds.THREADS_JOINED, *kinds.OF_TIMERS)
_LONGEST_REMEMBERED = 4_000  # characters


@dataclass(frozen=True)
class EntryShown:
    """One entry: exactly one of message, note and line is set."""

    order: str
    digest: str
    message: MessageView | None = None
    note: NoteView | None = None
    line: LineView | None = None
    sentence: str = ""

    @property
    def dom_id(self) -> str:
        """The id of its element."""
        if self.message:
            return f"m{self.message.id}"
        return f"n{self.note.id}" if self.note else f"a{self.line.id if self.line else 0}"


def show_entries(entries: Iterable[Entry]) -> Sequence[EntryShown]:
    """Prepare entries for the page; lines that need no words are left out."""
    shown = [_show(entry) for entry in _gather(entries)]
    return [entry for entry in shown if entry.line is None or entry.sentence]


def _gather(entries: Iterable[Entry]) -> Sequence[Entry]:
    """Make one line of several in a row that say the same of a clock, or of a thread that was read in pieces.

    A hundred would hide the messages. The one line says how it stood after the last.
    """
    gathered: list[Entry] = []
    for entry in entries:
        last = gathered[-1] if gathered else None
        if (
            isinstance(last, LineView)
            and isinstance(entry, LineView)
            and last.kind == entry.kind
            and entry.kind in _GATHERED
        ):
            gathered[-1] = replace(last, times=last.times + 1, after=entry.after)
        else:
            gathered.append(entry)
    return gathered


def _show(entry: Entry) -> EntryShown:
    if isinstance(entry, MessageView):
        return _show_message(entry) if is_short(entry) else _show_message.__wrapped__(entry)
    if isinstance(entry, NoteView):
        return EntryShown(_order(entry.at, "1", entry.id), _digest(entry), note=entry)
    return EntryShown(_order(entry.at, "2", entry.id), _digest(entry), line=entry, sentence=line_sentence(entry))


def is_short(message: MessageView) -> bool:
    """Tell whether a message is short enough to be remembered: strangers decide how long its parts are."""
    words = [message.text, message.author_name, message.author_handle, message.permalink or ""]
    words += [version.text for version in message.versions]
    words += [picture.alt for picture in message.pictures]
    addresses = sum(len(str(value)) for mark in message.marks for value in mark.values())
    return sum(map(len, words)) + addresses <= _LONGEST_REMEMBERED


@lru_cache(maxsize=MESSAGES_REMEMBERED)
def _show_message(message: MessageView) -> EntryShown:
    return EntryShown(_order(message.at, "0", message.id), _digest(message), message=message)


def _digest(entry: Entry) -> str:
    return f"{zlib.crc32(repr(entry).encode()):08x}"


def _order(at: datetime, rank: str, number: int) -> str:
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}|{rank}|{number:012d}"
