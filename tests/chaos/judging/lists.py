"""Which of a platform's lists shows an item, and which requests read one: by their addresses, as the ledger has them.

The lists are those of the two personalities: on the feed our notifications, our own statuses, and the tree under a
post of ours; on pages our posts, visitors' posts, posts that tag us, the comments of a post, private conversations.
A look for a reply of ours reads some of the same lists for another purpose, and stores nothing of them: on pages its
query differs, on the feed it does not (see presence.py).
"""

from urllib.parse import parse_qsl

OWN = "own"
NOTIFICATIONS = "notifications"
CONVERSATIONS = "conversations"


def list_of(path: str, query: str) -> str | None:
    """Return the name of the list that a request reads from its newest page on or further; None: it is no poll."""
    parts = path.strip("/").split("/")
    asked = dict(parse_qsl(query))
    match parts:
        case ["feed", "api", "v1", "notifications"]:
            return NOTIFICATIONS if "max_id" not in asked else None
        case ["feed", "api", "v1", "accounts", _, "statuses"]:
            return OWN if "max_id" not in asked else None
        case ["feed", "api", "v1", "statuses", post_id, "context"]:
            return tree(post_id)
        case ["pages", _, post_id, "comments"] if asked.get("order") == "chronological" and "after" not in asked:
            return tree(post_id)
        case ["pages", _, _, "conversations"] if "user_id" not in asked and "after" not in asked:
            return CONVERSATIONS
        case ["pages", _, _, "published_posts" | "visitor_posts" | "tagged" as edge] if "until" not in asked:
            return edge
    return None


def is_reading(path: str, query: str) -> bool:
    """Tell whether what a request shows is taken in: pages of lists, and known items that are read again.

    Our own statuses on the feed are left out, for looks read them too.
    """
    parts = path.strip("/").split("/")
    asked = dict(parse_qsl(query))
    match parts:
        case ["feed", "api", "v1", "statuses"]:
            return any(name.startswith("id[") for name in asked)
        case ["pages", _]:
            return "ids" in asked
        case ["feed", "api", "v1", "notifications"] | ["feed", "api", "v1", "statuses", _, "context"]:
            return True
        case ["pages", _, _, "comments"]:
            return asked.get("order") == "chronological"
        case ["pages", _, _, "conversations"]:
            return "user_id" not in asked
        case ["pages", _, _, "published_posts" | "visitor_posts" | "tagged"]:
            return True
    return False


def tree(post_id: str) -> str:
    """Return the name of the list of everything under a post."""
    return f"comments of {post_id}"
