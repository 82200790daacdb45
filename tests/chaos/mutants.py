"""Bugs to plant: each breaks one promise, and a run with it must fail; the product's source is changed in a copy."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

COPIED = ("inbox", "workers", "launcher", "templates", "Procfile")


class Rotten(RuntimeError):
    """A bug can't be planted any more: the text that it replaces is not there exactly once."""


@dataclass(frozen=True)
class Change:
    """A text of a file, which occurs exactly once, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A planted bug: the promise it breaks, and how."""

    promise: str
    changes: Sequence[Change]
    seed: int = 1  # what it is tried with, unless another is named


_IN_ONE = "commit(reader.make_session, lambda session: {}(session, claim, page, reader.pace, {}))"
MUTANTS: Mapping[str, Mutant] = {
    "lost_is_queued": Mutant(
        "D2: a reply whose lease ended becomes unclear, never queued",
        (
            Change(
                "inbox/outbox/claim.py",
                '    if not become_unclear(session, delivery, pace, lost_count=lost_count, reason="worker_lost"):\n'
                "        return False\n"
                "    now = clock.now()\n",
                "    now = clock.now()\n"
                "    delivery.state, delivery.due_at, delivery.claim_token = State.QUEUED, now, None\n",
            ),
            Change("inbox/outbox/claim.py", '.values(outcome="lost", ended_at=now)', '.values(outcome="not_tried")'),
        ),
    ),
    "cursor_first": Mutant(
        "E1: a cursor is committed with the messages that it covers, never before",
        (
            Change(
                "inbox/intake/poll.py",
                f"        return {_IN_ONE.format('_write', 'receive')}\n    except",
                f"        step = {_IN_ONE.format('_write', '_later')}\n"
                "        time.sleep(reader.pace.sweep_seconds * 2)\n"
                f"        return {_IN_ONE.format('_take', 'step')}\n    except",
            ),
            Change(
                "inbox/intake/poll.py",
                "def _write(session: Session",
                "def _later(*_, **__):\n"
                "    return Received()\n\n\n"
                "def _take(session, claim, page, pace, step):\n"
                "    stream, channel = streams.get_claimed(session, claim)\n"
                "    taken = receive(session, channel, stream, page, received_at=clock.now(), pace=pace)\n"
                "    return _Step(taken.new, step.is_over)\n\n\n"
                "def _write(session: Session",
            ),
        ),
    ),
    "seen_seq_ignored": Mutant(
        "B1: a reply settles what its writer had seen and nothing newer",
        (
            Change(
                "inbox/replies/settle.py",
                "    settled = answer(session, message, conversation, delivery.seen_seq, after_seq=after_seq)\n",
                "    settled = answer(session, message, conversation, 10**9, after_seq=after_seq)\n",
            ),
        ),
    ),
    "look_skipped": Mutant(
        "D3: look first, always; absence is believed only where it is sure",
        (
            Change(
                "inbox/replies/look.py",
                "        return sender.connect(search.channel).find_sent(search.outgoing, search.not_before)\n",
                "        return Absent(is_sure=True)\n",
            ),
        ),
    ),
    "own_unmatched": Mutant(
        "D4: a reply of ours that a poll brings before it is settled is that reply, not a native answer",
        (
            Change(
                "inbox/replies/match.py",
                "    out = _list_possible(session, channel, item)\n",
                "    out: list[Delivery] = []\n",
            ),
        ),
    ),
    "reply_key_ignored": Mutant(
        "D5: a second POST of one reply_key returns the first's result",
        (
            Change(
                "inbox/replies/queue.py",
                "        reply_key=wanted.reply_key,\n",
                '        reply_key=f"{wanted.reply_key} {now.timestamp()}",\n',
            ),
        ),
    ),
    "edits_ignored": Mutant(
        "A6: an edit is taken in, and versions are kept",
        (
            Change(
                "inbox/intake/receive.py",
                "        edits = [*changed(known, list(found.messages.values())), *found.later]\n",
                "        edits: list[Message] = []\n",
            ),
        ),
    ),
    "skew_kept": Mutant(
        "C1: a platform's skew is subtracted before its times count",
        (Change("inbox/intake/times.py", "    told -= skew\n", ""),),
    ),
    "server_errors_believed": Mutant(
        "D2: after the first byte only the platform's own word means that it did not accept",
        (
            Change(
                "inbox/replies/outcomes.py",
                '    return Judged(Next.LOOK, "unclear", error.detail)\n',
                '    return Judged(Next.LATER, "unclear", error.detail)\n',
            ),
        ),
    ),
    "native_ignored": Mutant(
        "B2: an answer given on the platform settles what it answers",
        (Change("inbox/intake/own.py", "    answer_natively(session, message)\n", ""),),
    ),
    "breach_untold": Mutant(
        "C3, F: a missed deadline and the alert that tells of it are one transaction",
        (Change("inbox/sla/breaches.py", "    _alert(session, happened, now)\n", ""),),
    ),
    "late_is_in_time": Mutant(
        "C3: in time is what was answered at the deadline or before",
        (
            Change(
                "inbox/sla/timers.py",
                "    is_late = timer.due_at is not None and answered_at > timer.due_at\n",
                "    is_late = False\n",
            ),
        ),
    ),
    "met_when_learnt": Mutant(
        "C3: an answer given on the platform ends a wait by its own time, not by when we learnt of it",
        (
            Change(
                "inbox/conversations/clocking.py",
                "        return End(Outcome.MET, oldest.clock_at, covers_until_at, oldest.id, oldest.member_id)\n",
                "        return End(Outcome.MET, clock.now(), covers_until_at, oldest.id, oldest.member_id)\n",
            ),
        ),
    ),
}


def of_today() -> str:
    """Return the bug whose turn it is: another one each day."""
    return sorted(MUTANTS)[datetime.now(UTC).timetuple().tm_yday // 2 % len(MUTANTS)]


def plant(name: str, source: Path, folder: Path) -> Path:
    """Copy the product into `folder` with a bug planted, and return it; raises Rotten."""
    folder.mkdir(parents=True)
    for one in COPIED:
        if (source / one).is_dir():
            shutil.copytree(source / one, folder / one, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source / one, folder / one)
    for file, text in changed(MUTANTS[name], source).items():
        (folder / file).write_text(text)
    return folder


def changed(mutant: Mutant, source: Path) -> dict[str, str]:
    """Return the files that a bug changes, as they are with it; raises Rotten."""
    texts: dict[str, str] = {}
    for change in mutant.changes:
        text = texts.get(change.file) or (source / change.file).read_text()
        if text.count(change.old) != 1:
            raise Rotten(f"{change.file} has {text.count(change.old)} times, not once:\n{change.old}")
        texts[change.file] = text.replace(change.old, change.new)
    return texts
