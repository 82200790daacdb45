"""Whether a text asks for an answer at all: the judge's own reading of RULES A3; pure.

The rules name kinds of texts and no lists of words, so that a reading has three answers. Sure are: what has a question
mark or five digits asks; what has no letter and no digit beside emoji, signs and handles does not, unless there is a
picture; what is nothing but thanks does not, after an answer of ours; what has words and no word of thanks asks.
Words around thanks ("thanks, that was quick") can be read either way: there the product's word is taken.
"""

import re
import unicodedata
from enum import Enum

# A handle as the feed shows it, and as it is typed.
_HANDLE = re.compile(r"(?<![\w/@])@[A-Za-z0-9_](?:[\w.\-]*\w)?(?:@[\w.\-]*\w)?")
_WORD = re.compile(r"[^\W_]+")
_QUESTION_MARKS = frozenset("?¿？؟⁇⁈⁉❓❔")
_DIGITS = 5
_THANKS = frozenset(
    ["gracias", "grax", "thanks", "thank", "thx", "cheers", "agradezco", "agradecido", "agradecida", "appreciated"]
)
_WITH_THANKS = frozenset(["muchas", "mil", "muchisimas", "you", "so", "much", "very", "a", "lot"])
_ONLY_THANKS = _THANKS | _WITH_THANKS


class Asks(Enum):
    """What a text asks for."""

    YES = "yes"
    NO = "no"
    EITHER = "either"


def read(text: str, *, has_pictures: bool, mentions_us: bool, is_after_answer: Asks) -> Asks:
    """Tell whether a text asks for an answer; `is_after_answer`: whether we had answered this person before."""
    words = _WORD.findall(_HANDLE.sub(" ", text))
    if any(mark in text for mark in _QUESTION_MARKS) or sum(one.isdecimal() for one in text) >= _DIGITS:
        return Asks.YES
    if not words:
        return _without_words(text, has_pictures=has_pictures, mentions_us=mentions_us)
    plain = {_plain(word) for word in words}
    if not plain & _THANKS or has_pictures:
        return Asks.YES
    if is_after_answer is Asks.NO:
        return Asks.YES
    if is_after_answer is Asks.YES and plain <= _ONLY_THANKS:
        return Asks.NO
    return Asks.EITHER


def says_more(old: str, new: str) -> bool:
    """Tell whether an edit of an answered message makes it wait again: a question mark or 20 characters more (A6)."""
    marks = [sum(one in _QUESTION_MARKS for one in text) for text in (old, new)]
    return marks[1] > marks[0] or len(new) - len(old) >= 20


def _without_words(text: str, *, has_pictures: bool, mentions_us: bool) -> Asks:
    if has_pictures:
        return Asks.YES
    rest = _HANDLE.sub("", text).strip()
    if any(unicodedata.category(one) in ("So", "Sk") for one in rest):
        return Asks.NO
    if not rest and text.strip():
        return Asks.YES if mentions_us else Asks.NO  # only others' handles
    return Asks.EITHER


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.lower())
    return "".join(one for one in folded if not unicodedata.combining(one))
