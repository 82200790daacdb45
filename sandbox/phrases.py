"""Invented people and sentences: templates of two languages with their slots filled by a given chance."""

import random
from dataclasses import dataclass

from sandbox import phrases_en, phrases_es

BOOKS = {"es": phrases_es.PHRASES, "en": phrases_en.PHRASES}
PRODUCTS = {"es": phrases_es.PRODUCTS, "en": phrases_en.PRODUCTS}
TOWNS = {"es": phrases_es.TOWNS, "en": phrases_en.TOWNS}
EMOJI = ("😍", "👏👏👏", "❤️", "😂😂", "🔥", "😡", "👍", "🙌🙌", "😢", "🥳🎉", "🤔", "👨‍👩‍👧‍👦")
FIRST = {
    "es": (
        "Marta",
        "Iker",
        "Lucía",
        "Paco",
        "Nuria",
        "Teo",
        "Carmen",
        "Unai",
        "Rocío",
        "Saúl",
        "Inés",
        "Blas",
        "Olalla",
        "Gael",
        "Pilar",
        "Hugo",
        "Vega",
        "Tomás",
    ),
    "en": (
        "Maeve",
        "Owen",
        "Priya",
        "Tom",
        "Isla",
        "Rhys",
        "Nell",
        "Amir",
        "Freya",
        "Callum",
        "Ada",
        "Joss",
        "Wren",
        "Idris",
        "Holly",
        "Finn",
        "Zadie",
        "Ned",
    ),
}
LAST = {
    "es": (
        "Ruizal",
        "Otermin",
        "Vallejera",
        "Castañar",
        "Pedrosilla",
        "Montoro",
        "Aranguez",
        "Ferreiral",
        "Salvatierra",
        "Quintanal",
        "Bermejal",
        "Ledesmo",
    ),
    "en": (
        "Ashwick",
        "Penrowe",
        "Larkhill",
        "Okafield",
        "Merrow",
        "Tindale",
        "Quarryman",
        "Hollins",
        "Braithe",
        "Sandlow",
        "Wexcombe",
        "Dunmarsh",
    ),
}
ODD_NAMES = (("lina.haddadi", "لينا حدادي"), ("sol.y.sombra", "☀️ Sol y Sombra ☀️"), ("o.brienn", "Órla O'Brienn"))
HOSTS = ("hogares.example", "plaza.test", "barrio.example", "kitchens.test", "vecinos.example")
FAN_KINDS = ("question", "complaint", "praise", "order")


@dataclass(frozen=True)
class Voice:
    """An invented person: their handle on a personality, their name and their language."""

    handle: str
    name: str
    language: str


def voice(chance: random.Random, personality: str) -> Voice:
    """Somebody; about three in five write Spanish."""
    language = "es" if chance.random() < 0.6 else "en"
    if chance.random() < 0.04:
        stem, name = chance.choice(ODD_NAMES)
    else:
        first, last = chance.choice(FIRST[language]), chance.choice(LAST[language])
        stem, name = f"{_plain(first)}.{_plain(last)}", f"{first} {last}"
    host = HOSTS[sum(stem.encode()) % len(HOSTS)]
    handle = f"{stem.replace('.', '_')}@{host}" if personality == "feed" else f"{stem}.{host.rsplit('.', 1)[1]}"
    return Voice(handle, name, language)


def sentence(chance: random.Random, language: str, kind: str) -> str:
    """One sentence of a kind with its slots filled."""
    return fill(chance, language, chance.choice(BOOKS[language][kind]))


def fan_sentence(chance: random.Random, language: str) -> str:
    """What a fan writes under a post."""
    return sentence(chance, language, chance.choices(FAN_KINDS, (10, 8, 4, 4))[0])


def fill(chance: random.Random, language: str, template: str) -> str:
    """A template with order numbers, products, towns, days and prices."""
    product = chance.choice(PRODUCTS[language])
    return template.format(
        product=product,
        Product=product[0].upper() + product[1:],
        town=chance.choice(TOWNS[language]),
        order=chance.randint(10_000_000, 99_999_999),
        days=chance.randint(2, 21),
        price=chance.randint(19, 899),
        number=chance.randint(10, 99),
        percent=chance.randint(12, 45),
    )


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("áéíóúñ", "aeioun"))
