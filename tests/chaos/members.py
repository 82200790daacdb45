"""Lets two members in, each with two browsers: the first admin, and one whom the command line made."""

import random
from pathlib import Path

from tests.chaos.pages import Browser
from tests.chaos.stage import TEAM, Stage
from tests.chaos.writers import Meeting, Writer

WRITERS = 14
HOLD_SECONDS = 8.0
_EMAIL = "writer@relevo.example"


def hire(stage: Stage, rest_seconds: float) -> list[Writer]:
    """Sign everybody in and return them; none of them works yet."""
    one_time = dict([_first(stage.folder / "first-password.txt"), (_EMAIL, _make(stage))])
    meeting, hold = Meeting(), stage.plan.paced(HOLD_SECONDS)
    chance = random.Random(f"{stage.plan.seed}:members")
    writers = []
    for number in range(WRITERS):
        email = list(one_time)[number % 2]
        browser = Browser(f"http://127.0.0.1:{chance.choice(stage.ports)}")
        if number < len(one_time):
            browser.sign_in_first(email, one_time[email])
        else:
            browser.sign_in(email)
        writers.append(Writer(number, stage.plan.seed, browser, meeting, rest_seconds, hold))
    return writers


def _first(note: Path) -> tuple[str, str]:
    email, password = note.read_text().split()
    return email, password


def _make(stage: Stage) -> str:
    told = stage.errand("inbox.cli", "member", "create", _EMAIL, "--team", TEAM, "--role", "responder")
    return told.split("One-time password: ")[1].split()[0]
