"""The past that a new sandbox begins with, so that the queue is alive at once."""

import random
from dataclasses import replace

from sandbox import fans, items, phrases
from sandbox.fans import Saying
from sandbox.items import Item
from sandbox.settings import PERSONALITIES
from sandbox.traffic import Traffic

POSTS = 6
OPEN_COMMENTS, OPEN_MENTIONS, OPEN_DIRECTS, ANSWERED, CHATS = 14, 4, 7, 6, 6
HOUR = 3600.0


def begin_history(traffic: Traffic) -> bool:
    """Writes the past once; about 25 open comments and messages of the last hours per personality."""
    store = traffic.world.store
    if store.setting("history"):
        return False
    with store.transaction():
        for personality in PERSONALITIES:
            _History(traffic, personality).write()
        store.keep_setting("history", "1")
    return True


class _History:
    def __init__(self, traffic: Traffic, personality: str) -> None:
        self.traffic = traffic
        self.world = traffic.world
        self.personality = personality
        self.chance = random.Random(f"{self.world.settings.seed}:{personality}:history")

    def write(self) -> None:
        posts = [self.post(72.0 - number * 11.0) for number in range(POSTS)]
        moments = sorted((self.chance.uniform(0.1, 8.0) for _ in range(OPEN_COMMENTS)), reverse=True)
        comments = [self.comment(self.chance.choice(posts), hours) for hours in moments]
        for number in range(ANSWERED):
            asked = self.comment(self.chance.choice(posts), 30.0 - number)
            self.answered(asked, 29.5 - number)
        for hours in range(OPEN_MENTIONS):
            self.say("mention", 6.0 - hours)
        for hours in range(OPEN_DIRECTS):
            self.say("direct", 7.0 - hours)
        for _ in range(CHATS):
            on = self.chance.choice(comments)
            fan, voice = self.traffic.somebody(self.personality, self.chance)
            text = phrases.sentence(self.chance, voice.language, "chat")
            fans.comment(self.world, self.personality, fan, on, self.past(text, 0.08))
        for one in self.chance.sample(comments, 2):
            fans.edit(self.world, items.get(self.world, self.personality, one.id), f"{one.text} 🙏")

    def past(self, text: str, hours: float) -> Saying:
        told = self.world.told_now(self.personality) - hours * HOUR
        saying = self.traffic.saying(self.chance, text)
        return replace(saying, authored_at=told, arrived_at=told, visible_after_seconds=0.0)

    def post(self, hours: float) -> Item:
        text = phrases.sentence(self.chance, self.chance.choice(("es", "es", "en")), "post")
        return fans.post(self.world, self.personality, self.past(text, hours))

    def comment(self, post: Item, hours: float) -> Item:
        fan, voice = self.traffic.somebody(self.personality, self.chance)
        text = phrases.fan_sentence(self.chance, voice.language)
        return fans.comment(self.world, self.personality, fan, post, self.past(text, hours))

    def say(self, kind: str, hours: float) -> Item:
        fan, voice = self.traffic.somebody(self.personality, self.chance)
        saying = self.past(phrases.sentence(self.chance, voice.language, kind), hours)
        if kind == "mention":
            return fans.mention(self.world, self.personality, fan, saying)
        return fans.direct(self.world, self.personality, fan, saying)

    def answered(self, asked: Item, hours: float) -> None:
        fan = self.world.person(self.personality, asked.author_id)
        assert fan is not None
        text = phrases.sentence(self.chance, self.traffic.language_of(fan), "native")
        fans.answer(self.world, self.personality, asked, None, self.past(text, hours))
