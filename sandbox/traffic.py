"""Plausible traffic: fans who write, correct, delete, thank and ask again; the same for the same seed."""

import random
import time
from dataclasses import dataclass
from typing import Any

from sandbox import fans, feed_verbs, items, phrases
from sandbox.fans import Saying
from sandbox.items import Item
from sandbox.phrases import Voice
from sandbox.plans import plan, run_due
from sandbox.settings import FEED, PAGES, PERSONALITIES
from sandbox.world import Person, World

DEEDS = {"comment": 42, "chat": 12, "mention": 10, "direct": 13, "more": 9, "notice": 6, "native": 4, "post": 2}
EDITED, DELETED, PICTURED, EMOJI_ONLY, LATE, FACELESS = 0.07, 0.04, 0.08, 0.06, 0.05, 0.03
THANKS, AGAIN = 0.45, 0.2
TICK_SECONDS = 0.2


@dataclass
class Rhythm:
    """When the next thing happens on a personality."""

    next_at: float = 0.0


class Traffic:
    """The thread that makes fans write, and what was planned happen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_on = world.settings.is_traffic_on
        self.rate_per_minute = world.settings.rate_per_minute
        self._rhythms = {personality: Rhythm() for personality in PERSONALITIES}
        world.on_accepted = self.answer_the_answer

    def turn(self, is_on: bool | None, rate_per_minute: float | None) -> None:
        """Switches on or off, changes the rate (events per minute and personality)."""
        if rate_per_minute is not None:
            if rate_per_minute <= 0:
                raise ValueError("rate_per_minute must be above 0")
            self.rate_per_minute = rate_per_minute
            self._rhythms = {personality: Rhythm() for personality in PERSONALITIES}
        if is_on is not None:
            self.is_on = is_on

    def describe(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {"on": self.is_on, "rate_per_minute": self.rate_per_minute, "seed": self.world.settings.seed}

    def run(self) -> None:
        """The thread's work until the sandbox stops."""
        while not self.world.stopping.wait(TICK_SECONDS):
            run_due(self.world)
            if self.is_on:
                for personality in PERSONALITIES:
                    self.tick(personality, time.time())

    def tick(self, personality: str, now: float) -> None:
        """One thing happens if it is time for it."""
        rhythm = self._rhythms[personality]
        if now < rhythm.next_at:
            return
        is_first = rhythm.next_at == 0.0
        rhythm.next_at = now + 60.0 / self.rate_per_minute * random.uniform(0.5, 1.5)
        if not is_first:
            self.happen(personality)

    def happen(self, personality: str) -> Item | None:
        """The next thing of a personality's list; which one follows from seed and number."""
        with self.world.store.transaction():
            number = self.world.store.next_number(f"traffic:{personality}")
            chance = random.Random(f"{self.world.settings.seed}:{personality}:{number}")
            deed = chance.choices(list(DEEDS), list(DEEDS.values()))[0]
            made: Item | None = getattr(self, deed)(personality, chance)
            if made is not None and not made.is_ours:
                self.plan_afterthought(made, chance)
        return made

    def comment(self, personality: str, chance: random.Random) -> Item:
        """A fan writes under one of our newest posts."""
        posts = self.our_posts(personality)
        if not posts:
            return self.post(personality, chance)
        fan, voice = self.somebody(personality, chance)
        text = phrases.fan_sentence(chance, voice.language)
        if chance.random() < EMOJI_ONLY:
            text = chance.choice(phrases.EMOJI)
        return fans.comment(self.world, personality, fan, chance.choice(posts), self.saying(chance, text))

    def chat(self, personality: str, chance: random.Random) -> Item | None:
        """A fan answers another fan."""
        on = self.some_item(personality, chance, ("comment", "status"))
        if on is None or on.audience == "direct":
            return self.comment(personality, chance)
        fan, voice = self.somebody(personality, chance)
        text = phrases.sentence(chance, voice.language, "chat")
        return fans.comment(self.world, personality, fan, on, self.saying(chance, text))

    def mention(self, personality: str, chance: random.Random) -> Item:
        """A fan names us."""
        fan, voice = self.somebody(personality, chance)
        text = phrases.sentence(chance, voice.language, "mention")
        return fans.mention(self.world, personality, fan, self.saying(chance, text), chance.random() < 0.3)

    def direct(self, personality: str, chance: random.Random) -> Item:
        """A fan writes in private."""
        fan, voice = self.somebody(personality, chance)
        text = phrases.sentence(chance, voice.language, "direct")
        return fans.direct(self.world, personality, fan, self.saying(chance, text))

    def more(self, personality: str, chance: random.Random) -> Item | None:
        """A fan adds something to what they wrote."""
        on = self.some_item(personality, chance, ("comment", "status", "direct"))
        fan = self.world.person(personality, on.author_id) if on else None
        if on is None or fan is None:
            return self.comment(personality, chance)
        text = phrases.sentence(chance, self.language_of(fan), "more")
        return fans.comment(self.world, personality, fan, on, self.saying(chance, text))

    def notice(self, personality: str, chance: random.Random) -> Item | None:
        """On the feed somebody follows or likes: other notifications than mentions (mastodon.md §3 Types)."""
        posts = self.our_posts(personality)
        if personality == PAGES or not posts:
            return self.comment(personality, chance)
        fan, _ = self.somebody(personality, chance)
        kind = chance.choice(("follow", "favourite", "reblog"))
        feed_verbs.notify(self.world, kind, fan, None if kind == "follow" else chance.choice(posts))
        return None

    def native(self, personality: str, chance: random.Random) -> Item | None:
        """A colleague answers with the platform's own app."""
        on = self.some_item(personality, chance, ("comment", "status", "direct"))
        fan = self.world.person(personality, on.author_id) if on else None
        if on is None or fan is None:
            return self.comment(personality, chance)
        text = phrases.sentence(chance, self.language_of(fan), "native")
        private = fan if on.audience == "direct" else None
        return fans.answer(self.world, personality, on, private, Saying(text))

    def post(self, personality: str, chance: random.Random) -> Item:
        """The brand posts."""
        language = chance.choice(("es", "es", "en"))
        pictures = fans.new_pictures(self.world, 1) if chance.random() < 0.4 else ()
        return fans.post(self.world, personality, Saying(phrases.sentence(chance, language, "post"), pictures))

    def phrase(self, personality: str, number: int) -> str:
        """A fan's sentence for a given place, for long threads."""
        chance = random.Random(f"{self.world.settings.seed}:{personality}:thread:{number}")
        return phrases.fan_sentence(chance, chance.choice(("es", "en")))

    def answer_the_answer(self, personality: str, item_id: str) -> None:
        """Some time after our reply was accepted the fan thanks, asks again, or says nothing."""
        if not self.is_on:
            return
        item = items.get(self.world, personality, item_id)
        fan = self.whom(item)
        chance = random.Random(f"{self.world.settings.seed}:{personality}:answered:{item.n}")
        roll = chance.random()
        if fan is None or roll > THANKS + AGAIN:
            return
        text = phrases.sentence(chance, self.language_of(fan), "thanks" if roll < THANKS else "again")
        wait = chance.uniform(0.1, 1.0) * self.world.settings.pace.afterthought_seconds
        with self.world.store.transaction():
            plan(self.world, personality, "say", wait, {"id": item.id, "by": fan.id, "text": text})

    def whom(self, item: Item) -> Person | None:
        """The fan whom a reply of ours answers."""
        parent = items.find(self.world, item.personality, item.parent_id) if item.parent_id else None
        ids = [parent.author_id] if parent is not None and not parent.is_ours else list(item.recipients)
        found = self.world.person(item.personality, ids[0]) if ids else None
        return None if found is None or found.is_ours else found

    def plan_afterthought(self, item: Item, chance: random.Random) -> None:
        """Some texts are corrected or deleted later."""
        roll = chance.random()
        wait = chance.uniform(0.15, 1.0) * self.world.settings.pace.afterthought_seconds
        fan = self.world.person(item.personality, item.author_id)
        assert fan is not None
        if roll < EDITED:
            text = f"{item.text} {phrases.sentence(chance, self.language_of(fan), 'edit')}"
            plan(self.world, item.personality, "edit", wait, {"id": item.id, "text": text})
        elif roll < EDITED + DELETED:
            plan(self.world, item.personality, "delete", wait, {"id": item.id})

    def saying(self, chance: random.Random, text: str) -> Saying:
        """A text with what may happen to it: a picture, a row that becomes readable late, a missing face."""
        pictures = fans.new_pictures(self.world, chance.choice((1, 1, 2))) if chance.random() < PICTURED else ()
        late = chance.random() * self.world.settings.pace.late_row_seconds if chance.random() < LATE else 0.0
        return Saying(text, pictures, visible_after_seconds=late, is_faceless=chance.random() < FACELESS)

    def somebody(self, personality: str, chance: random.Random) -> tuple[Person, Voice]:
        """An invented fan."""
        voice = phrases.voice(chance, personality)
        return self.world.meet(personality, voice.handle, voice.name), voice

    def our_posts(self, personality: str) -> list[Item]:
        """The eight newest posts of the brand."""
        kind = "status" if personality == FEED else "post"
        return items.select(
            self.world,
            "personality = ? AND kind = ? AND is_ours = 1 AND parent_id IS NULL AND audience = 'public' "
            "AND is_accepted = 0 AND deleted_at IS NULL ORDER BY n DESC LIMIT 8",
            personality,
            kind,
        )

    def some_item(self, personality: str, chance: random.Random, kinds: tuple[str, ...]) -> Item | None:
        """Something that a fan wrote lately."""
        found = items.select(
            self.world,
            "personality = ? AND is_ours = 0 AND is_faceless = 0 AND deleted_at IS NULL ORDER BY n DESC LIMIT 60",
            personality,
        )
        fitting = [one for one in found if one.kind in kinds]
        return chance.choice(fitting) if fitting else None

    def language_of(self, fan: Person) -> str:
        """The language that a fan's name speaks of."""
        first = fan.name.split()[0]
        return "en" if first in phrases.FIRST["en"] else "es"
