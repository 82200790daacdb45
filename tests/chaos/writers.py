"""Members at work, each in a thread, through the public pages alone: they read what their browser would show."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from sandbox import phrases
from tests.chaos.pages import Browser, Form, find_form, find_more, read_free

# Two fans are told the very same; each answer must find its own delivery.
SAME_ANSWER = "Gracias por escribirnos, lo miramos y te decimos. / Thank you, we will look into it."
# How often somebody asks for the next rows of a list: not everybody works at its top.
FURTHER_DOWN = 0.4
# In lengths of a hold.
LONG_AGO = 15
DEEDS = {
    "reply": 48,
    "reply_and_finish": 10,
    "reply_late": 8,
    "same_reply": 8,
    "press_twice": 8,
    "take_back": 6,
    "finish": 4,
    "excuse": 4,
    "snooze": 3,
    "assign": 4,
    "undo": 2,
    "note": 2,
}


class Meeting:
    """The conversation that somebody answers just now, so that a second writer may come in between."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._conversation: int | None = None

    def come(self, conversation: int, chance: random.Random) -> int:
        """Say what one is about to answer; returns it, or at times what another is answering."""
        with self._lock:
            other, self._conversation = self._conversation, conversation
        return other if other is not None and chance.random() < 0.12 else conversation


@dataclass
class Writer:
    """One member's browser and what they do with it."""

    number: int
    seed: int
    browser: Browser
    meeting: Meeting
    rest_seconds: float
    hold_seconds: float
    done: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed}:writer:{self.number}")
        self.undo_urls: list[str] = []
        self.pressed: list[tuple[float, Form, str]] = []
        self.broken: list[str] = []
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Work until told to stop; a page that does not answer is tried again, as people do."""
        while not self.stopping.is_set():
            try:
                self.work()
            except httpx.HTTPStatusError as error:
                self.done[f"page_{error.response.status_code}"] += 1
            except httpx.HTTPError:
                self.done["no_page"] += 1
                self.stopping.wait(0.5)
            self.stopping.wait(self.chance.expovariate(1 / self.rest_seconds))

    def work(self) -> None:
        """Take one conversation and do one thing."""
        params = {"part": "1", "view": "everything"}
        if self.chance.random() < 0.3:
            params["kind"] = self.chance.choice(("direct", "mention"))
        listed = self.browser.page("/queue", **params)
        while (more := find_more(listed)) and self.chance.random() < FURTHER_DOWN:
            listed = self.browser.page(more, part="1")
        free = read_free(listed)
        if not free:
            return
        conversation = self.meeting.come(self.chance.choice(free), self.chance)
        deed = self.chance.choices(list(DEEDS), list(DEEDS.values()))[0]
        pane = self.browser.page(f"/c/{conversation}")
        said = getattr(self, deed)(conversation, pane)
        self.done[f"{deed}: {said}"] += 1

    def reply(self, conversation: int, pane: str) -> str:
        """Answer what is on the screen."""
        return self.send(conversation, pane, self.words())

    def reply_and_finish(self, conversation: int, pane: str) -> str:
        """Answer, and be done with it."""
        return self.send(conversation, pane, self.words(), then="done")

    def same_reply(self, conversation: int, pane: str) -> str:
        """Answer with what others are answered with."""
        return self.send(conversation, pane, SAME_ANSWER)

    def reply_late(self, conversation: int, pane: str) -> str:
        """Answer after a while: what came meanwhile was not on the screen."""
        self.stopping.wait(self.chance.uniform(2, 8) * self.rest_seconds)
        return self.send(conversation, pane, self.words())

    def press_twice(self, conversation: int, pane: str) -> str:
        """Press Send again and again, at once and a moment later; and once more one that has long been sent."""
        if self.pressed and self.pressed[0][0] < time.monotonic() - LONG_AGO * self.hold_seconds:
            _, long_ago, words = self.pressed.pop(0)
            answer = self.browser.post(long_ago, text=words)
            self.done[f"press long after: {answer.status_code}"] += 1
            self.expect_the_same(answer, words)
        form, text = self.compose(conversation, pane), self.words()
        if form is None:
            return "no composer"
        at_once = [threading.Thread(target=self.quietly, args=(form, text)) for _ in range(3)]
        for thread in at_once:
            thread.start()
        answer = self.browser.post(form, text=text)
        for thread in at_once:
            thread.join()
        self.stopping.wait(self.chance.uniform(0, 3) * self.hold_seconds)
        again = self.browser.post(form, text=text)
        if answer.is_success and not answer.json().get("blocked"):  # by another's reply: it left later, or never
            self.expect_the_same(again, text)
            self.pressed.append((time.monotonic(), form, text))
        return f"{answer.status_code} {again.status_code}"

    def expect_the_same(self, again: httpx.Response, text: str) -> None:
        """Note where a Send that was pressed before was refused, instead of told what came of it (D5)."""
        if again.is_client_error:
            self.broken.append(f"a second press of one Send was refused with {again.status_code}: {text[-10:]}")

    def quietly(self, form: Form, text: str) -> None:
        """Press Send without waiting for what comes of it."""
        try:
            self.browser.post(form, text=text)
        except httpx.HTTPError:
            pass

    def take_back(self, conversation: int, pane: str) -> str:
        """Answer, and take it back while it is held, or a moment too late."""
        form = self.compose(conversation, pane)
        if form is None:
            return "no composer"
        answer = self.browser.post(form, text=self.words())
        if not answer.is_success or "delivery_id" not in answer.json():
            return str(answer.status_code)
        self.stopping.wait(self.chance.uniform(0, 1.3) * self.hold_seconds)
        cancel = Form(f"/deliveries/{answer.json()['delivery_id']}/cancel", {"csrf_token": form.fields["csrf_token"]})
        return f"taken back {self.browser.post(cancel).status_code}"

    def finish(self, conversation: int, pane: str) -> str:
        """Say that it is done, and why."""
        why = self.chance.choice(("answered_elsewhere", "no_answer_needed"))
        return self.act(pane, "/finish", why=why)

    def excuse(self, conversation: int, pane: str) -> str:
        """Say that no answer is needed."""
        return self.act(pane, "/excuse")

    def snooze(self, conversation: int, pane: str) -> str:
        """Let it sleep until a minute or two from now, which this run sees."""
        form = find_form(pane, "/finish")
        if form is None:
            return "no button"
        until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + self.chance.uniform(20, 90)))
        snooze = Form(f"/c/{conversation}/snooze", {"csrf_token": form.fields["csrf_token"]})
        return str(self.browser.post(snooze, until=until, zone="UTC").status_code)

    def assign(self, conversation: int, pane: str) -> str:
        """Take it."""
        return self.act(pane, "/assign")

    def undo(self, conversation: int, pane: str) -> str:
        """Undo what one did a moment ago."""
        form = find_form(pane, "/finish")
        if form is None or not self.undo_urls:
            return "nothing to undo"
        undo = Form(self.undo_urls.pop(), {"csrf_token": form.fields["csrf_token"]})
        return str(self.browser.post(undo).status_code)

    def note(self, conversation: int, pane: str) -> str:
        """Tell colleagues something that must never leave."""
        form = self.compose(conversation, pane)
        if form is None:
            return "no composer"
        note = Form(f"/c/{conversation}/note", {"csrf_token": form.fields["csrf_token"]})
        return str(self.browser.post(note, text="Entre nosotros: / Between us: call them.").status_code)

    def act(self, pane: str, ending: str, **given: str) -> str:
        """Press one of the buttons of the conversation's head."""
        form = find_form(pane, ending)
        if form is None:
            return "no button"
        self.stopping.wait(self.chance.uniform(0, 2) * self.rest_seconds)
        answer = self.browser.post(form, **given)
        if answer.is_success and answer.json().get("undo"):
            self.undo_urls = [*self.undo_urls[-3:], answer.json()["undo"]]
        return str(answer.status_code)

    def send(self, conversation: int, pane: str, text: str, **given: str) -> str:
        """Fill the composer in and press Send; at times tick the others, or let it leave after another's reply."""
        form = self.compose(conversation, pane)
        if form is None:
            return "no composer"
        if form.choices.get("also") and self.chance.random() < 0.3:
            form.fields["also"] = self.chance.choice(form.choices["also"])
        if form.choices.get("after") and self.chance.random() < 0.5:
            form.fields["after"] = form.choices["after"][0]
        answer = self.browser.post(form, text=text, **given)
        if answer.is_success and answer.json().get("blocked") and self.chance.random() < 0.5:
            after = str(answer.json()["delivery_id"])
            return f"after another's {self.browser.post(form, text=text, after=after).status_code}"
        return str(answer.status_code)

    def compose(self, conversation: int, pane: str) -> Form | None:
        """Return the composer with its draft opened, as its script does at the first letter."""
        form = find_form(pane, f"/c/{conversation}/reply")
        if form is None or "mode" not in form.fields or form.fields["mode"] == "note":
            return None
        if not form.fields.get("reply_key"):
            opened = Form(f"/c/{conversation}/draft", {"csrf_token": form.fields["csrf_token"]})
            answer = self.browser.post(opened)
            answer.raise_for_status()
            form.fields["reply_key"] = str(answer.json()["reply_key"])
        return form

    def words(self) -> str:
        """Return an answer that no other reply has."""
        sentence = phrases.sentence(self.chance, self.chance.choice(("es", "en")), "native")
        return f"{sentence} ({self.number}{self.chance.randrange(16**6):06x})"
