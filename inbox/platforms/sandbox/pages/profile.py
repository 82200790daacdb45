"""Whose page it is and what it may (facebook.md §2, §4, §6)."""

from inbox.platforms.contract import Malformed
from inbox.platforms.outgoing import Limits, ModeLimits, Verified
from inbox.platforms.sandbox.pages.calls import Calls

COMMENT_CHARACTERS = 8000
MESSAGE_UNITS = 2000
WINDOW_SECONDS = 86400.0
# The sandbox shows an accepted reply after 30 s at most.
LOOKUP_LAG_SECONDS = 30.0


def read_profile(calls: Calls) -> Verified:
    """Return whose page it is; raises PlatformError."""
    answered = calls.get("me", [("fields", "id,name,username,picture")])
    row = answered.json()
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise Malformed("a page was expected", answered.body)
    picture = ((row.get("picture") or {}).get("data") or {}).get("url")
    return Verified(
        external_id=row["id"],
        scope="",
        handle=str(row.get("username") or row["id"]),
        display_name=str(row.get("name") or ""),
        avatar_url=picture if isinstance(picture, str) else None,
        service_url=calls.service_url,
        is_alive=True,
        limits=Limits(
            public=ModeLimits(COMMENT_CHARACTERS, count="characters"),
            private=ModeLimits(MESSAGE_UNITS, count="utf16", window_seconds=WINDOW_SECONDS),
            can_like=True,
            can_hide=True,
            can_delete_own=True,
            can_push="app_secret" in calls.keeper.current().values,
            can_continue_privately=True,
            lookup_lag_seconds=LOOKUP_LAG_SECONDS,
        ),
        permissions=("pages_read_user_content", "pages_manage_engagement", "pages_messaging"),
    )
