"""Every route of the application, with what its parameters name."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask

from inbox import create_app
from inbox.members.doors import Access, declared
from tests.fixtures.app import make_settings

# Parameters that name no row: what a stranger would put there.
STRINGS = {
    ("push.greet", "platform"): "telegram",
    ("push.greet", "key"): "nobody-was-given-this",
    ("push.take", "platform"): "telegram",
    ("push.take", "key"): "nobody-was-given-this",
    ("static", "filename"): "css/nothing-here.css",
    ("members.invitation", "token"): "nobody-was-given-this",
    ("members.accept_invitation", "token"): "nobody-was-given-this",
    ("alerts.link", "token"): "nobody-was-given-this",
    ("connecting.back", "way"): "nobody-was-given-this",
    ("alerts.take_by_link", "token"): "nobody-was-given-this",
}


@dataclass(frozen=True)
class Route:
    """One address and one method."""

    endpoint: str
    method: str
    rule: str
    parameters: tuple[str, ...]
    access: Access | None

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


@cache
def list_routes() -> tuple[Route, ...]:
    """Return every route that the application has; the database is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(_routes(create_app(make_settings("sqlite://", Path(folder)))))


def _routes(app: Flask) -> list[Route]:
    access = declared(app)
    return [
        Route(rule.endpoint, method, rule.rule, tuple(sorted(rule.arguments)), access[rule.endpoint])
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
