"""The person whom the product asks: looks at the platform, and says truly what became of a reply; clears quarantine."""

import json
import random
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.counts import ask
from tests.chaos.pages import Browser, Form, find_form, read_forms
from tests.chaos.stage import Stage

_ASKED = (
    "SELECT delivery.id, conversation_id, text_as_stored, parent_external_id, channel.platform, unclear_since_at "
    "FROM delivery JOIN channel ON channel.id = delivery.channel_id WHERE delivery.state = 'needs_person'"
)
_NEEDING = "SELECT id FROM channel WHERE state = 'needs_you'"
_BOUND = "SELECT external_id FROM message WHERE external_id IS NOT NULL AND direction = 'outbound' AND NOT is_held_back"
TOKEN = re.compile(r"\(\d[0-9a-f]{6}\)")


@dataclass
class Decider:
    """Somebody who decides about half of what is asked while the run goes on; the rest stays asked to the end."""

    stage: Stage
    browser: Browser
    every_seconds: float
    done: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.stage.plan.seed}:decider")
        self.left: set[int] = set()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Look now and then for what needs a person."""
        while not self.stopping.wait(self.every_seconds):
            self.ask_again()
            for delivery_id, conversation_id, text, parent, platform, _ in self.stage.database.rows(_ASKED):
                if delivery_id in self.left or self.chance.random() < 0.1:
                    self.left.add(delivery_id)
                    continue
                try:
                    self.decide(delivery_id, conversation_id, find(self.stage, platform, text, parent))
                except httpx.HTTPError:
                    self.done["no_page"] += 1

    def ask_again(self) -> None:
        """Press the button of a channel that needs somebody: nothing is wrong with the sign-in, the platform erred."""
        for (channel_id,) in self.stage.database.rows(_NEEDING):
            try:
                form = find_form(self.browser.page(f"/channels/{channel_id}"), "/poll")
                if form is not None:
                    self.done[f"ask again {self.browser.post(form).status_code}"] += 1
            except httpx.HTTPError:
                self.done["no_page"] += 1

    def decide(self, delivery_id: int, conversation_id: int, item: str | None) -> None:
        """Say what the platform showed: the very reply, or that there is none."""
        page = self.browser.page(f"/c/{conversation_id}")
        forms = [form for form in read_forms(page) if f"/deliveries/{delivery_id}/" in form.action]
        if item is None:
            word = self.chance.choice(("/resend", "/resend", "/discard"))
            form = next((one for one in forms if one.action.endswith(word)), None)
        else:
            arrived = [one for one in forms if one.action.endswith("/was_sent")]
            named = [one for one in arrived if one.fields.get("external_id") == item]
            unnamed = [one for one in arrived if "external_id" not in one.fields]
            word = "/was_sent"
            form = self.chance.choice(named or unnamed) if named or unnamed else None
        if form is not None:
            self.done[f"{word[1:]} {self.browser.post(form).status_code}"] += 1

    def clear_quarantine(self) -> int:
        """Decide on everything that could not be read: its next reading was whole, so it is discarded."""
        count = 0
        for (channel_id,) in self.stage.database.rows("SELECT id FROM channel"):
            while form := self._quarantined(channel_id):
                answer = self.browser.post(form, why="it was read whole later")
                if not (answer.is_success or answer.is_redirect):
                    answer.raise_for_status()
                count += 1
        return count

    def _quarantined(self, channel_id: int) -> Form | None:
        return find_form(self.browser.page(f"/channels/{channel_id}/quarantine"), "/discard")


def find(stage: Stage, platform: str, text: str, parent: str | None) -> str | None:
    """Return the id of a reply that the platform accepted, as a person would recognise it; None if it has none."""
    personality = platform.removeprefix("sandbox_")
    rows = ask(stage.ledger, "SELECT * FROM accepted WHERE personality = ?", personality)
    token = TOKEN.search(text)
    if token is not None:
        return next((row["item_id"] for row in rows if token.group() in row["text"]), None)
    taken = {str(row[0]) for row in stage.database.rows(_BOUND)}
    free = [row for row in rows if row["item_id"] not in taken and _is_same(row, text, parent)]
    return free[0]["item_id"] if free else None


def _is_same(row: Mapping[str, Any], text: str, parent: str | None) -> bool:
    is_there = parent in (row["parent_id"], row["wanted_parent_id"], *json.loads(row["recipients"] or "[]"))
    return is_there and " ".join(row["text"].split()) in " ".join(text.split())
