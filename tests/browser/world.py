"""A small team at work: who they are, two channels, and what people have written, as the pages show it."""

import hashlib
import struct
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.channels.models import Channel, ChannelStream
from inbox.contacts.models import Contact
from inbox.conversations import assign, finish, labels, notes, priority
from inbox.conversations.models import Conversation, Message, MessageVersion, Note, Thread
from inbox.media.erase import path_of
from inbox.media.models import Media
from inbox.members.first import note_set_up
from inbox.members.models import Member
from inbox.oncall.overrides import add_override
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Desk, Turns, Weekly
from inbox.platforms.outgoing import Limits, ModeLimits
from tests.factories.basics import join_team, make_channel, make_contact, make_grant, make_team
from tests.factories.conversations import add_picture, answer_there, conversation_of, make_post, make_thread, say
from tests.factories.members import make_member_with_password

LIMITS = Limits(
    public=ModeLimits(max_length=300, count="graphemes"),
    private=ModeLimits(max_length=1000, count="graphemes", is_available=False, reason="permission_missing_direct"),
    can_like=True,
    can_delete_own=True,
)
PRIVATE_LIMITS = Limits(
    public=ModeLimits(max_length=8000, count="characters"),
    private=ModeLimits(max_length=2000, count="characters"),
    can_like=True,
    can_continue_privately=True,
)

SAID = (
    ("Nerea Blasco", "nerea.test", "¿Abrís mañana domingo? En la web pone una cosa y en Google otra."),
    (
        "Jonas Thiele",
        "jthiele.test",
        "Does the new hub work with Matter 1.3, or only through the bridge? Docs say both.",
    ),
    ("Pau Llorens", "pau.test", "Gran hilo. ¿Tenéis la plantilla que enseñáis en la tercera imagen?"),
    (
        "Rui Nogueira",
        "rui.test",
        "At 4:12 the torque spec on screen says 40 Nm, the manual says 32. Which one is right?",
    ),
    ("Elena Vidal", "elena.test", "Congrats to the whole team! Is the Valencia position still open?"),
    ("عبد الله", "abdullah.test", "هل يتوفر هذا المنتج باللون الأزرق؟"),
    ("Sanne Oost", "sanne.test", "The lamp flickers since the last update. Is that known?"),
    ("Iker Etxeberria", "iker.test", "¿Cuándo volverá a haber talla 42? Llevo dos semanas mirando."),
    ("Marta Solé", "marta.test", "¿El código de descuento vale también para la gama Hogar?"),
    ("Owen Price", "owen.test", "Can I return it in a shop if I bought it online?"),
    ("Chiara Fontana", "chiara.test", "Do you ship to Italy before Christmas?"),
    ("Bruno Almeida", "bruno.test", "¿Por qué el pedido sigue en preparación desde el lunes?"),
)


POSTS = (
    "Horario de fiestas",
    "Meet the new hub",
    "Guía de color 2026: cinco paletas para el invierno",
    "Assembly in six minutes",
    "We are hiring in Valencia",
)


@dataclass(frozen=True)
class World:
    """Ids of what a test names, so that it outlives a session."""

    lucia_id: int
    diego_id: int
    team_id: int
    channel_id: int
    pages_id: int
    maria_id: int
    night_id: int
    desk_id: int
    conversation_ids: tuple[int, ...]


def make_world(session: Session, *, conversations: int = 12) -> World:
    """Build the team, its channels and what people wrote; commits."""
    team = make_team(session, "Atención")
    lucia = make_member_with_password(session, name="Lucía Marín", email="lucia@acme.example", is_admin=True)
    diego = make_member_with_password(session, name="Diego Ruiz", email="diego@acme.example")
    note_set_up(session, lucia.id, is_skipped=True)
    for member in (lucia, diego):
        join_team(session, member, team, "lead" if member is lucia else "responder")
    feed = _channel(session, "sandbox_feed", "Acme España", "acme.example", LIMITS)
    pages = _channel(session, "sandbox_pages", "Acme Hogar", "acme-hogar.example", PRIVATE_LIMITS)
    for channel in (feed, pages):
        make_grant(session, team, channel)
    maria = make_maria(session, feed, lucia, diego)
    others = [_somebody(session, feed if i % 3 else pages, i) for i in range(conversations)]
    session.commit()
    numbers = tuple(one.id for one in others)
    night, desk = make_rotations(session, lucia, diego)
    session.commit()
    return World(lucia.id, diego.id, team.id, feed.id, pages.id, maria.id, night, desk, numbers)


def make_rotations(session: Session, lucia: Member, diego: Member) -> tuple[int, int]:
    """Add a rotation on call with an override, and a desk plan with a day off that leaves a gap; returns their ids."""
    now, zone = clock.now(), "Europe/Madrid"
    turns = Turns((lucia.id, diego.id), False, 0, 540, zone, now - timedelta(days=3))
    night = make_rotation(session, Wanted("Noche y fines de semana", turns), lucia)
    add_override(session, night.id, diego.id, now + timedelta(days=8), now + timedelta(days=9), lucia)
    early = [Weekly(diego.id, day, 480, 900) for day in range(5)]
    late = [Weekly(lucia.id, day, 840, 1320) for day in range(6)]
    desk = make_rotation(session, Wanted("Atención", Desk((*early, *late), zone)), lucia)
    add_override(session, desk.id, diego.id, now + timedelta(days=7), now + timedelta(days=10), lucia, is_off=True)
    return night.id, desk.id


def make_maria(session: Session, channel: Channel, lucia: Member, diego: Member) -> Conversation:
    """Add the conversation with one of everything: post, others, note, edit, tombstone, native answer, picture."""
    now = clock.now()
    post = make_post(
        session,
        channel,
        author_name="Acme España",
        text="Rebajas de otoño: hasta un 40 % en toda la gama Hogar. Envío gratis hasta el domingo.",
        permalink="https://social.example/acme/1",
        authored_at=now - timedelta(days=3),
        like_count=1204,
        comment_count=86,
    )
    thread = make_thread(session, channel, post_id=post.id, created_at=now - timedelta(hours=22))
    maria = _person(session, channel, "María Gómez", "mariag.test")
    tomas = _person(session, channel, "Tomás Vela", "tomas.test")
    before = make_thread(session, channel, created_at=now - timedelta(days=90))
    old = conversation_of(
        session, say(session, before, maria, "¿Hacéis envíos a Canarias?", at=now - timedelta(days=90))
    )
    finish.excuse(session, old, lucia.id, seen_seq=old.last_seq)
    first = say(
        session, thread, maria, "¿Cuánto tarda un reembolso? El pedido es el 88213.", at=now - timedelta(hours=21)
    )
    other = say(session, thread, tomas, "A mí me tardó una semana…", at=now - timedelta(hours=20, minutes=40))
    said = "Sentimos oírlo, Tomás. ¿Nos escribes el número de pedido por privado?"
    answer_there(session, thread, said, at=now - timedelta(hours=20), parent_external_id=other.external_id)
    gone = say(session, thread, maria, "Esto ya es de risa", at=now - timedelta(hours=3))
    gone.gone_at, gone.gone_reason, gone.awaits = now - timedelta(hours=2, minutes=50), "author", False
    _say_edited_with_picture(session, thread, maria, now - timedelta(hours=2, minutes=10))
    conversation = conversation_of(session, first)
    notes.write_note(
        session, conversation, diego.id, "Finance says 88213 was approved yesterday; the bank takes up to 48 h."
    )
    assign.assign(session, conversation, diego.id, lucia.id)
    priority.set_priority(session, conversation, lucia.id, "urgent")
    for word in ("refund", "negative"):
        labels.label(session, conversation, lucia.id, word)
    happened = now - timedelta(hours=19, minutes=20)
    session.execute(update(Note).values(created_at=happened))
    session.execute(update(Activity).where(Activity.conversation_id == conversation.id).values(at=happened))
    return conversation


def _say_edited_with_picture(session: Session, thread: Thread, maria: Contact, at: datetime) -> None:
    words = "Hola, llevo un día esperando el reembolso del pedido 88213 y nadie me contesta 😡 ¿hay alguien ahí?"
    last = say(session, thread, maria, words, at=at, permalink="https://social.example/mariag/5")
    _edit(session, last, "Hola, llevo un día esperando el reembolso")
    paint(add_picture(session, last, alt="Un recibo"))


def make_long_thread(session: Session, channel_id: int, *, count: int = 400) -> int:
    """Add a thread of `count` messages with 30 edits, 20 deletions and 10 pictures; returns its conversation."""
    channel = session.get_one(Channel, channel_id)
    now = clock.now()
    thread = make_thread(session, channel, created_at=now - timedelta(minutes=count))
    person = _person(session, channel, "Noa Ferrer", "noa.test")
    message = None
    for i in range(count):
        at = now - timedelta(minutes=count - i)
        message = say(session, thread, person, f"Message {i}: does it work with model {i}?", at=at)
        if i % 13 == 5 and i < 390:
            _edit(session, message, f"Message {i} as it was")
        if i % 20 == 7:
            message.gone_at, message.gone_reason, message.awaits = at, "author", False
        if i % 40 == 11:
            paint(add_picture(session, message))
    assert message is not None
    session.flush()
    found = conversation_of(session, message)
    session.commit()
    return found.id


def paint(media: Media) -> None:
    """Keep a small picture on disk for a row, as if it had been fetched."""
    line = b"\0" + b"".join(bytes((120 + x, 150, 230 - x)) for x in range(96))
    body = zlib.compress(line * 96)
    header = struct.pack(">IIBBBBB", 96, 96, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts]
    picture = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    media.digest, media.content_type = hashlib.sha256(picture).hexdigest(), "image/png"
    media.fetched_at = clock.now()
    path = path_of(current_app.config["RELEVO"].media_dir, media.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)


def _channel(session: Session, platform: str, name: str, handle: str, limits: Limits) -> Channel:
    now = clock.now()
    channel = make_channel(
        session,
        platform,
        display_name=name,
        handle=handle,
        limits=asdict(limits),
        is_sandbox=True,
        last_message_at=now,
        import_since_at=now - timedelta(days=1),
        import_done_at=now,
    )
    for stream in ("mentions", "own_posts", "direct"):
        session.add(
            ChannelStream(
                channel_id=channel.id,
                name=stream,
                last_complete_at=now,
                last_polled_at=now,
                due_at=now + timedelta(minutes=1),
            )
        )
    session.flush()
    return channel


def _person(session: Session, channel: Channel, name: str, handle: str) -> Contact:
    return make_contact(session, channel.platform, display_name=name, handle=handle)


def _somebody(session: Session, channel: Channel, number: int) -> Conversation:
    name, handle, text = SAID[number % len(SAID)]
    lap = number // len(SAID)
    at = clock.now() - timedelta(minutes=7 + 23 * number)
    title = POSTS[number % len(POSTS)]
    post = make_post(session, channel, text=title, author_name=channel.display_name, authored_at=at)
    thread = make_thread(session, channel, created_at=at, post_id=post.id if number % 2 else None)
    who = _person(session, channel, f"{name} {lap + 1}" if lap else name, f"n{number}.{handle}")
    return conversation_of(session, say(session, thread, who, text, at=at))


def _edit(session: Session, message: Message, old: str) -> None:
    session.add(MessageVersion(message_id=message.id, number=1, text=old, seen_at=message.clock_at))
    message.edited_at = message.clock_at + timedelta(minutes=2)
    session.flush()
