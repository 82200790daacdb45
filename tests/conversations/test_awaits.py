"""Whether a message awaits an answer at all (RULES A2, A3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.conversations.awaits import Facts, Parent, Reason, judge
from inbox.conversations.words import AROUND, NEGATIVE, THANKS

EMOJI = ["😍", "🔥🔥🔥", "❤️", "👨‍👩‍👧", "🇪🇸🇦🇷", "👍🏽", "5️⃣⭐", "😍 😍\n😍", "😂!!!", "…🙌", "❤️‍🔥", "🫶🏻", "☺️"]
THANKING = [
    "gracias",
    "Gracias!",
    "¡Muchas gracias!",
    "GRACIAS 🙏",
    "Graciaaaas",
    "Mil gracias por la ayuda",
    "Muchísimas gracias, equipo 💜",
    "ok, gracias",
    "Perfecto, muchas gracias. Un saludo",
    "Vale, gracias a vosotros",
    "Genial! te lo agradezco",
    "Muy amables, gracias por responder tan rápido",
    "gracias, ya funciona",
    "@marca.test gracias!!",
    "Thanks",
    "thanks!!",
    "Thank you so much!",
    "thx",
    "Ty ❤️",
    "Great, thanks a lot",
    "Awesome, thank you guys",
    "Perfect. Thanks for the quick reply!",
    "Got it, thanks again",
    "Many thanks, have a great day",
    "you’re the best",
    "Cheers mate",
    "much appreciated",
]
NOT_ONLY_THANKS = [
    "gracias pero no funciona",
    "Gracias, sigue sin llegar",
    "gracias por nada",
    "Gracias. Mi pedido llegó roto",
    "Thanks for nothing",
    "Thanks, still waiting",
    "thanks but it doesn't work",
    "Thank you, when does it open",
    "gracias, lo quiero en azul",
    "ok",
    "Perfecto",
    "great",
]
NEEDING = [
    ("¿Tenéis tienda en Sevilla?", Reason.QUESTION),
    ("Cuánto cuesta?", Reason.QUESTION),
    ("متى؟", Reason.QUESTION),
    ("いつ？", Reason.QUESTION),
    ("😍?", Reason.QUESTION),
    ("❓", Reason.QUESTION),
    ("Pedido 48213", Reason.DIGITS),
    ("📦 4 8 2 1 3", Reason.DIGITS),
    ("٤٨٢١٣", Reason.DIGITS),
    ("No llegó", Reason.NEGATIVE_WORD),
    ("It's broken", Reason.NEGATIVE_WORD),
    ("doesn’t open", Reason.NEGATIVE_WORD),
    ("Qué VERGÜENZA", Reason.NEGATIVE_WORD),
    ("hola buenas", Reason.WORDS),
    ("I love this lamp", Reason.WORDS),
    ("...", Reason.WORDS),
    ("", Reason.WORDS),
]


@pytest.mark.parametrize("text", EMOJI)
def test_a3_emoji_only_does_not_await(text: str) -> None:
    assert judge(Facts(text)) == judge(Facts(f"@ana.test {text}"))
    assert judge(Facts(text)).reason is Reason.EMOJI_ONLY
    assert not judge(Facts(text)).awaits


def test_a3_a_sticker_does_not_await() -> None:
    assert judge(Facts("", is_sticker=True)).reason is Reason.STICKER
    assert judge(Facts("is this yours?", is_sticker=True)).awaits


@pytest.mark.parametrize("text", ["@ana.test", "@ana.test, @luis@far.example", "@a_b @c-d.test !", "@ana @luis 💜"])
def test_a3_only_others_handles_do_not_await(text: str) -> None:
    assert not judge(Facts(text)).awaits


def test_a3_our_own_handle_awaits() -> None:
    assert judge(Facts("@acme.example @ana.test", mentions_us=True)).awaits


def test_a3_handles_without_an_at_sign_are_known_by_their_marks() -> None:
    text = "Ana Prueba Luis Ensayo"
    assert judge(Facts(text, mention_spans=[(0, 10), (11, 22)])).reason is Reason.ONLY_HANDLES
    assert judge(Facts(text)).awaits


@pytest.mark.parametrize("text", THANKING)
def test_a3_thanks_after_our_answer_does_not_await(text: str) -> None:
    assert judge(Facts(text, is_after_our_answer=True)).reason is Reason.THANKS
    assert judge(Facts(text)).awaits, "thanks before any answer may want one"


@pytest.mark.parametrize("text", NOT_ONLY_THANKS)
def test_a3_thanks_with_something_to_say_awaits(text: str) -> None:
    assert judge(Facts(text, is_after_our_answer=True)).awaits


@pytest.mark.parametrize(("text", "reason"), NEEDING)
def test_a3_what_asks_awaits_and_says_why(text: str, reason: Reason) -> None:
    for is_after in (False, True):
        verdict = judge(Facts(text, is_after_our_answer=is_after))
        assert (verdict.awaits, verdict.reason) == (True, reason)


def test_a3_a_picture_may_say_anything() -> None:
    assert judge(Facts("", has_pictures=True)).reason is Reason.PICTURE
    assert judge(Facts("😍", has_pictures=True)).awaits


def test_a2_a_reply_to_another_fan_does_not_await_unless_the_channel_wants_it() -> None:
    asked = Facts("Where did you get it?", parent=Parent.OTHER)
    assert judge(asked).reason is Reason.REPLY_TO_OTHER
    assert judge(Facts(asked.text, parent=Parent.OTHER, mentions_us=True)).awaits
    assert judge(Facts(asked.text, parent=Parent.OTHER, awaits_replies_to_others=True)).awaits
    for parent in (Parent.NONE, Parent.OURS, Parent.SAME, Parent.UNKNOWN):
        assert judge(Facts(asked.text, parent=parent)).awaits


def test_ours_and_what_is_older_than_the_import_do_not_await() -> None:
    assert judge(Facts("Really?", is_outbound=True)).reason is Reason.OURS
    assert judge(Facts("Really?", is_before_import=True)).reason is Reason.BEFORE_IMPORT


quiet = st.sampled_from([*EMOJI, *THANKING, "@ana.test", ""])
asking = st.one_of(
    st.sampled_from("¿?؟？"),
    st.text("0123456789", min_size=5, max_size=9),
    st.sampled_from(sorted(NEGATIVE)),
)


@given(quiet, asking, st.booleans(), st.booleans(), st.booleans())
def test_a3_never_applied_to_a_question_a_number_or_a_complaint(
    words: str, ask: str, is_sticker: bool, is_after: bool, is_first: bool
) -> None:
    text = f"{ask} {words}" if is_first else f"{words} {ask}"
    assert judge(Facts(text, is_sticker=is_sticker, is_after_our_answer=is_after)).awaits


@given(st.text(), st.booleans(), st.booleans(), st.sampled_from(list(Parent)))
def test_any_text_gets_a_verdict_with_a_reason_of_its_kind(
    text: str, is_after: bool, mentions_us: bool, parent: Parent
) -> None:
    verdict = judge(Facts(text, is_after_our_answer=is_after, mentions_us=mentions_us, parent=parent))
    needless = {Reason.STICKER, Reason.EMOJI_ONLY, Reason.ONLY_HANDLES, Reason.THANKS, Reason.REPLY_TO_OTHER}
    assert verdict.awaits == (verdict.reason not in needless)


def test_the_word_lists_do_not_contradict_each_other() -> None:
    for phrase in THANKS | AROUND:
        assert not NEGATIVE & set(phrase.split()), phrase
        assert phrase == phrase.lower().strip()
        assert len(phrase.split()) <= 6
