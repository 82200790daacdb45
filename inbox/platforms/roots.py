"""Which comment right under a post each comment of its tree belongs to (pure)."""

from collections.abc import Mapping


def find_roots(parents: Mapping[str, str | None], post_id: str) -> dict[str, str | None]:
    """Return the root of each comment whose parent is given; None in a circle, or where one in between is missing.

    Each link is passed once, however long a chain is and in whatever order it comes.
    """
    roots: dict[str, str | None] = {}
    for external_id in parents:
        _climb(external_id, parents, post_id, roots)
    return roots


def _climb(external_id: str, parents: Mapping[str, str | None], post_id: str, roots: dict[str, str | None]) -> None:
    """Go up until the root is known, and remember it for everything passed on the way."""
    passed: dict[str, None] = {}
    here = external_id
    while here not in roots and here not in passed:
        passed[here] = None
        parent = parents.get(here)
        if parent == post_id:
            roots[here] = here
        elif parent is None or parent not in parents:
            roots[here] = None
        else:
            here = parent
    roots.update(dict.fromkeys(passed, roots.get(here)))  # of a circle nothing is known
