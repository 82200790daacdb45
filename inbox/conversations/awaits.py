"""Whether an inbound message awaits an answer at all, and why (RULES A2, A3; pure)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import regex

from inbox.conversations.words import AROUND, NEGATIVE, THANKS


class Parent(StrEnum):
    """Whose message it answers; SAME: the writer's own, UNKNOWN: not seen yet."""

    NONE = "none"
    OURS = "ours"
    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a message awaits or not; the web words them."""

    # awaits
    QUESTION = "question"
    DIGITS = "digits"
    NEGATIVE_WORD = "negative_word"
    PICTURE = "picture"
    WORDS = "words"
    BY_HAND = "by_hand"
    EDITED_AFTER_ANSWER = "edited_after_answer"
    # does not
    OURS = "ours"
    BEFORE_IMPORT = "before_import"
    REPLY_TO_OTHER = "reply_to_other"
    STICKER = "sticker"
    EMOJI_ONLY = "emoji_only"
    ONLY_HANDLES = "only_handles"
    THANKS = "thanks"


@dataclass(frozen=True)
class Facts:
    """What the judgement needs to know of a message.

    `mention_spans`: where handles stand in `text`, from `start` to `end` in characters; handles that
    begin with @ are found anyway. `has_pictures` leaves stickers out. `is_before_import`: history that
    is older than the span which may wait (C6). `awaits_replies_to_others`: the channel's preference of
    that name (A2's last sentence).
    """

    text: str
    is_outbound: bool = False
    is_sticker: bool = False
    has_pictures: bool = False
    mentions_us: bool = False
    parent: Parent = Parent.NONE
    is_after_our_answer: bool = False
    is_before_import: bool = False
    awaits_replies_to_others: bool = False
    mention_spans: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether it awaits, and the reason shown."""

    awaits: bool
    reason: Reason


_QUESTION_MARKS = frozenset("¿?؟？⁇⁈⁉❓❔")
_DIGITS_AWAIT = 5
_DIGIT = re.compile(r"\d")
# A handle: @name, @name.test, @name@server.example
_HANDLE = regex.compile(r"(?<![\w.])[@＠][\w](?:[\w.\-]*[\w])?(?:@[\w](?:[\w.\-]*[\w])?)?")
_EMOJI = regex.compile(
    r"(?:[0-9#*]\uFE0F?\u20E3|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}|\p{Emoji_Modifier}"
    r"|[\U000E0020-\U000E007F])[\uFE0E\uFE0F\u200D]*"
)
_BETWEEN = regex.compile(r"[\s\p{P}\u200B-\u200F\u2060\uFE0E\uFE0F]+")
_WORD = regex.compile(r"[\p{L}\p{N}]+(?:'[\p{L}]+)*")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")
_LONGEST_PHRASE = 6


class _Plain(dict[int, str]):
    """Each character without its accents, found once.

    Character by character, for putting a long row of accents in order (NFKD of the whole text) takes a time
    that grows with its square; what is thrown away needs no order.
    """

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code))
        self[code] = found = "".join(part for part in parts if not unicodedata.combining(part))
        return found


_PLAIN = _Plain({ord("’"): "'", ord("‘"): "'"})


def judge(facts: Facts) -> Verdict:
    """Say whether a message awaits an answer; when in doubt it does, so that nobody is lost."""
    if facts.is_outbound:
        return Verdict(False, Reason.OURS)
    if facts.is_before_import:
        return Verdict(False, Reason.BEFORE_IMPORT)
    if facts.parent is Parent.OTHER and not facts.mentions_us and not facts.awaits_replies_to_others:
        return Verdict(False, Reason.REPLY_TO_OTHER)
    words = _without_handles(facts)
    asks = _asks(facts.text, words)
    if asks is not None:
        return Verdict(True, asks)
    quiet = _quiet(facts, words)
    if quiet is not None:
        return Verdict(False, quiet)
    return Verdict(True, Reason.WORDS if words.strip() or not facts.has_pictures else Reason.PICTURE)


def has_question_mark(text: str) -> bool:
    """Tell whether a text asks, in any of the scripts whose question marks we know."""
    return not _QUESTION_MARKS.isdisjoint(text)


def count_question_marks(text: str) -> int:
    """Count question marks, for edits that gain one."""
    return sum(map(text.count, _QUESTION_MARKS))


def _asks(text: str, words: str) -> Reason | None:
    """Return what forbids to call a text needless: a question, a number to look up, a complaint."""
    if has_question_mark(text):
        return Reason.QUESTION
    if len(_DIGIT.findall(text)) >= _DIGITS_AWAIT:
        return Reason.DIGITS
    if any(word in NEGATIVE or word.endswith("n't") for word in _words(words)):
        return Reason.NEGATIVE_WORD
    return None


def _quiet(facts: Facts, words: str) -> Reason | None:
    """Return why a text that asks nothing needs no answer; None: it has something to say."""
    if facts.has_pictures:
        return None
    rest = _BETWEEN.sub("", _EMOJI.sub("", words))
    if rest:
        is_thanks = facts.is_after_our_answer and _is_thanks(words)
        return Reason.THANKS if is_thanks else None
    if facts.is_sticker:
        return Reason.STICKER
    if _EMOJI.search(words):
        return Reason.EMOJI_ONLY
    if words != facts.text and not facts.mentions_us:
        return Reason.ONLY_HANDLES
    return None


def _without_handles(facts: Facts) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(facts.mention_spans):  # they may overlap, however often
        if end > max(start, at):
            parts += [facts.text[at:start], " " * (min(end, len(facts.text)) - max(start, at))]
            at = end
    return _HANDLE.sub(" ", "".join([*parts, facts.text[at:]]))


def _words(text: str) -> list[str]:
    """Return the folded words: lower case, no accents, straight apostrophes, no stretched letters."""
    plain = text.lower()
    return _WORD.findall(plain if plain.isascii() else plain.translate(_PLAIN))


def _is_thanks(text: str) -> bool:
    """Tell whether a text is made of thanks, and of what stands around thanks, and of nothing else."""
    words = [_STRETCHED.sub(r"\1", word) for word in _words(text)]
    at, has_thanks = 0, False
    while at < len(words):
        phrase = _phrase_at(words, at)
        if phrase is None:
            return False
        has_thanks = has_thanks or phrase in THANKS
        at += phrase.count(" ") + 1
    return has_thanks


def _phrase_at(words: list[str], at: int) -> str | None:
    """Return the longest known phrase that begins at this word."""
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        phrase = " ".join(words[at : at + length])
        if phrase in THANKS or phrase in AROUND:
            return phrase
    return None
