"""What can go wrong between a member and a verb, as the web and the command line show it.

Each error carries a stable `code`, from which the web makes the sentence in the member's
language, and `details`, the values in that sentence. `str(error)` is English, for logs.
"""

from typing import ClassVar


class RelevoError(Exception):
    """A request that can't be carried out; `status` is the HTTP answer."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code if not details else f"{code} {details}")
        self.code = code
        self.details = details


class NotAllowed(RelevoError):
    """The member may see the thing but not do this to it."""

    status = 403


class NotFound(RelevoError):
    """There is no such thing, or the member may not know of it."""

    status = 404


class Invalid(RelevoError):
    """What was given can't be used; `code` says what to mend."""

    status = 400


class Conflict(RelevoError):
    """Somebody or something else was first; the present state is in `details`."""

    status = 409
