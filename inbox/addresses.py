"""Addresses that a page holds by the hundred: Flask's own, asked for once and filled in afterwards."""

from functools import lru_cache
from typing import Any

from flask import Flask, current_app, request, url_for

_MOST_KEPT = 500  # each by what it depends on: the route, and where the proxy says that we are mounted
_HOLE = 10**17 + 1  # stands where an id will


def set_up(app: Flask) -> None:
    """Give templates short ways to the addresses that they hold often."""
    app.jinja_env.globals.update(row_url=row_url, static_url=static_url, known_url=known_url)


def row_url(endpoint: str, number: int) -> str:
    """Return the address of a route that takes a row's id and nothing else, as url_for gives it."""
    before, after = _around_id(request.script_root, endpoint)
    return f"{before}{number}{after}"


def known_url(endpoint: str, **values: str) -> str:
    """Return the address of a route that takes nothing, or one of a few words, as url_for gives it."""
    return _known(request.script_root, endpoint, tuple(values.items()))


def static_url(name: str) -> str:
    """Return the address of a static file, as url_for gives it."""
    return _static(request.script_root, name)


@lru_cache(maxsize=_MOST_KEPT)
def _around_id(_root: str, endpoint: str) -> tuple[str, str]:
    (argument,) = next(current_app.url_map.iter_rules(endpoint)).arguments
    given: dict[str, Any] = {argument: _HOLE}
    before, _, after = url_for(endpoint, **given).rpartition(str(_HOLE))
    return before, after


@lru_cache(maxsize=_MOST_KEPT)
def _known(_root: str, endpoint: str, values: tuple[tuple[str, str], ...]) -> str:
    given: dict[str, Any] = dict(values)
    return url_for(endpoint, **given)


@lru_cache(maxsize=_MOST_KEPT)
def _static(_root: str, name: str) -> str:
    return url_for("static", filename=name)
