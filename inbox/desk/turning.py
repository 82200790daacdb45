"""Signs that turn the direction of writing round, in strangers' words (pure)."""

import re

_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_CLOSED_BY = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)


def balanced(text: str) -> str:
    """Return text in which whatever turns the writing round is closed, and nothing is closed that was not opened.

    Browsers end a <bdi> at a closing sign in it that has no opening one, and not at its end where one is left open.
    """
    if not _TURNING.search(text):
        return text
    kept: list[str] = []
    waiting: list[str] = []  # what closes each that is open
    isolates = 0  # how many of them are isolates
    for sign in text:
        if sign in _CLOSED_BY:
            waiting.append(_CLOSED_BY[sign])
            isolates += waiting[-1] == _POP_ISOLATE
        elif sign == _POP_ISOLATE and isolates:
            isolates -= 1
            while waiting.pop() != sign:  # it closes what is open inside as well
                pass
        elif sign == _POP and waiting[-1:] == [sign]:
            waiting.pop()
        elif sign in (_POP, _POP_ISOLATE):
            continue
        kept.append(sign)
    return "".join([*kept, *reversed(waiting)])
