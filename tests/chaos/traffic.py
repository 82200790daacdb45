"""What fans and the brand's own app say while everything breaks: the same for the same seed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox import phrases
from tests.chaos.platform_faults import skews
from tests.chaos.stage import PERSONALITIES, Plan, Stage

POSTS_AT_FIRST = 5
MOST_POSTS = 9
REMEMBERED = 400
# Two fans often say the very same; an answer to one must never settle the other.
SAME_WORDS = ("¿Cuánto cuesta el envío?", "Still no answer?", "No funciona, ¿qué hago?", "Where is my order?")
DEEDS = {
    "comment": 34,
    "same_words": 7,
    "chat": 10,
    "mention": 9,
    "direct": 14,
    "more": 12,
    "long_thread": 1,
    "native": 4,
    "edit": 7,
    "delete": 4,
    "post": 1,
}


@dataclass(frozen=True)
class Said:
    """What a fan said, as far as later deeds need it."""

    id: str
    by: str
    text: str
    is_private: bool


@dataclass
class Traffic:
    """A thread that makes both personalities live until `target` messages were said or it is told to stop."""

    stage: Stage
    plan: Plan
    per_second: float
    done: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.plan.seed}:traffic")
        self.posts: dict[str, list[str]] = {one: [] for one in PERSONALITIES}
        self.said: dict[str, list[Said]] = {one: [] for one in PERSONALITIES}
        self.skews = skews(self.plan)
        self.control = self.stage.control()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def begin(self) -> None:
        """Let the brand post, so that there is something to comment on; then the channels may be connected."""
        for personality in PERSONALITIES:
            for _ in range(POSTS_AT_FIRST):
                self.post(personality)

    def run(self) -> None:
        """Say one thing after the other."""
        next_at = time.monotonic()
        while not self.stopping.is_set():
            personality = self.chance.choice(PERSONALITIES)
            deed = self.chance.choices(list(DEEDS), list(DEEDS.values()))[0]
            try:
                getattr(self, deed)(personality)
                self.done[deed] += 1
            except httpx.HTTPError:  # the sandbox was just killed; nobody could have said it then
                self.done["unsaid"] += 1
            next_at = max(next_at + self.chance.expovariate(self.per_second), time.monotonic() - 1)
            self.stopping.wait(max(0.0, next_at - time.monotonic()))

    def post(self, personality: str) -> None:
        """The brand posts by its own app."""
        if len(self.posts[personality]) >= MOST_POSTS:
            return self.comment(personality)
        text = phrases.sentence(self.chance, self.chance.choice(("es", "en")), "post")
        self.posts[personality].append(str(self.tell(personality, "post", {"text": text})["id"]))
        return None

    def comment(self, personality: str, text: str | None = None) -> None:
        """A fan comments, at times late, back-dated, or with only an emoji."""
        fan = phrases.voice(self.chance, personality)
        text = text or phrases.fan_sentence(self.chance, fan.language)
        if self.chance.random() < 0.04:
            text = self.chance.choice(phrases.EMOJI)
        given = {"by": fan.handle, "name": fan.name, "on": self.chance.choice(self.posts[personality]), "text": text}
        self.keep(personality, fan.handle, self.tell(personality, "comment", given | self.oddly_timed(personality)))

    def same_words(self, personality: str) -> None:
        """A fan says what others said, word by word."""
        self.comment(personality, self.chance.choice(SAME_WORDS))

    def chat(self, personality: str) -> None:
        """A fan answers another fan, naming us or not."""
        on = self.some(personality, is_private=False)
        if on is None:
            return self.comment(personality)
        fan = phrases.voice(self.chance, personality)
        text = phrases.sentence(self.chance, fan.language, "chat")
        given: dict[str, Any] = {"by": fan.handle, "name": fan.name, "on": on.id, "text": text}
        given |= {"mention_us": self.chance.random() < 0.7} if personality == "feed" else {}
        return self.keep(personality, fan.handle, self.tell(personality, "comment", given))

    def more(self, personality: str) -> None:
        """A fan adds to what they said."""
        on = self.some(personality)
        if on is None:
            return self.comment(personality)
        text = phrases.sentence(self.chance, "es", "more")
        given = {"by": on.by, "on": on.id, "text": text}
        return self.keep(personality, on.by, self.tell(personality, "comment", given), is_private=on.is_private)

    def mention(self, personality: str) -> None:
        """A fan names us."""
        fan = phrases.voice(self.chance, personality)
        given = {"by": fan.handle, "name": fan.name, "text": phrases.sentence(self.chance, fan.language, "mention")}
        given |= {"where": "page"} if self.chance.random() < 0.3 else {}
        self.keep(personality, fan.handle, self.tell(personality, "mention", given))

    def direct(self, personality: str) -> None:
        """A fan writes in private."""
        fan = phrases.voice(self.chance, personality)
        given: dict[str, Any] = {"by": fan.handle, "name": fan.name}
        given |= {"text": phrases.sentence(self.chance, fan.language, "direct")}
        given |= {"new": True} if self.chance.random() < 0.3 else {}
        self.keep(personality, fan.handle, self.tell(personality, "direct", given), is_private=True)

    def long_thread(self, personality: str) -> None:
        """Many say much at once."""
        fan = phrases.voice(self.chance, personality)
        others = [phrases.voice(self.chance, personality).handle for _ in range(3)]
        given = {"by": fan.handle, "others": others, "on": self.chance.choice(self.posts[personality])}
        made = self.tell(personality, "thread", given | {"count": self.chance.randint(8, 20), "edits": 2})
        self.done["in_threads"] += len(made["ids"])

    def native(self, personality: str) -> None:
        """A colleague answers with the platform's own app."""
        on = self.some(personality)
        if on is None:
            return
        text = phrases.sentence(self.chance, "es", "native")
        private = {"direct": on.by} if on.is_private else {}
        self.tell(personality, "native", {"on": on.id, "text": text} | private)

    def edit(self, personality: str) -> None:
        """A fan changes what they said."""
        one = self.some(personality)
        if one is not None:
            text = f"{one.text} {phrases.sentence(self.chance, 'es', 'edit')}"
            self.tell(personality, "edit", {"id": one.id, "text": text})

    def delete(self, personality: str) -> None:
        """A fan takes it back."""
        one = self.some(personality)
        if one is not None:
            self.said[personality].remove(one)
            self.tell(personality, "delete", {"id": one.id})

    def oddly_timed(self, personality: str) -> dict[str, Any]:
        """A row that becomes readable late, or whose author's server says that it is old."""
        roll, overlap = self.chance.random(), self.plan.paced(5)
        if roll < 0.06:
            return {"visible_after_seconds": self.chance.uniform(0.1, 0.7) * overlap}
        if roll < 0.10 and personality == "feed":
            told = time.time() + self.skews[personality]
            return {"authored_at": told - self.chance.uniform(60, 40_000)}
        return {}

    def some(self, personality: str, *, is_private: bool | None = None) -> Said | None:
        """Return something that a fan said lately."""
        fitting = [one for one in self.said[personality] if is_private in (None, one.is_private)]
        return self.chance.choice(fitting[-120:]) if fitting else None

    def keep(self, personality: str, by: str, made: Mapping[str, Any], *, is_private: bool = False) -> None:
        """Remember what a fan said."""
        known = self.said[personality]
        known.append(Said(str(made["id"]), by, str(made["text"]), is_private))
        del known[:-REMEMBERED]

    def tell(self, personality: str, what: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Do something through the sandbox's control API; what the world has no place for is an error of ours."""
        answer = self.control.post(f"/sandbox/{personality}/{what}", json=dict(given))
        if answer.status_code == 422:
            self.done["impossible"] += 1
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
