"""Whether an inbound message awaits an answer at all, and why (RULES A2, A3; pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


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


def judge(facts: Facts) -> Verdict:
    """Say whether a message awaits an answer."""
    raise NotImplementedError
