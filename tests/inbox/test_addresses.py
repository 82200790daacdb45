"""Addresses made once and filled in are those that Flask makes."""

from typing import Any

import pytest
from flask import Flask, url_for

from inbox.addresses import known_url, row_url, static_url


def _by_flask(endpoint: str, given: dict[str, Any]) -> str:
    return url_for(endpoint, **given)


@pytest.mark.parametrize("root", ["", "/relevo", "/c/0", "/100000000000000001"])
def test_they_are_those_of_flask_wherever_we_are_mounted(app: Flask, root: str) -> None:
    endpoints = 0
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        for rule in app.url_map.iter_rules():
            if len(rule.arguments) != 1 or "<int:" not in rule.rule:
                continue
            (name,) = rule.arguments
            for number in (0, 7, 123456789012):
                assert row_url(rule.endpoint, number) == _by_flask(rule.endpoint, {name: number})
            endpoints += 1
        for view in ("mine", "everything"):
            assert known_url("desk.queue", view=view) == _by_flask("desk.queue", {"view": view})
        assert known_url("desk.home") == url_for("desk.home")
        for file in ("vendor/icons.svg", "a b.css", ""):
            assert static_url(file) == url_for("static", filename=file)
            assert static_url(file).startswith(f"{root}/static/")
    assert endpoints > 20
