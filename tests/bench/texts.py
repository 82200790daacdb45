"""What people write under a brand's posts, in Spanish and English, as short and as long as they do."""

import random

_SPANISH = (
    "¿Cuándo abren la tienda de Gran Vía?",
    "Llevo tres días esperando el pedido 48213 y nadie contesta.",
    "¡Me encanta! 😍",
    "¿Tienen la chaqueta en la talla 42?",
    "El cargador no funciona y quiero cambiarlo, ya les escribí por correo la semana pasada.",
    "Muchas gracias, ya está todo solucionado.",
    "¿Hacen envíos a Canarias? Pregunté en la tienda y no supieron decirme.",
    "Pésimo servicio, la verdad. Es la segunda vez que me pasa lo mismo este mes.",
    "¿Esto es apto para celíacos?",
    "Precioso el nuevo catálogo, ¿cuándo llega a Latinoamérica?",
)
_ENGLISH = (
    "When does the shop open on Sunday?",
    "My order 90118 has been on its way for nine days now. Can somebody look, please?",
    "Love this 💚",
    "Is the blue one coming back in stock?",
    "The zip broke on the second day. I have the receipt, what do you need from me?",
    "Thanks, that worked!",
    "Do you ship to Ireland? The form does not let me choose it.",
    "I was charged twice and the line hangs up on me after forty minutes. Not impressed at all.",
    "Does it come without nuts?",
    "You were so kind to my mother on the phone yesterday, thank you.",
)
_ANSWERS = (
    "¡Hola! Ya lo estamos mirando, te escribimos hoy mismo.",
    "Gracias por avisar. ¿Nos mandas el número del pedido por privado?",
    "Hello! It leaves the warehouse tomorrow; you will get a mail with the number.",
    "Sorry about that. We have sent you a new one, no need to return the old.",
    "Abrimos de lunes a sábado de 10 a 21 h. ¡Te esperamos!",
)


def make_questions(count: int = 1000) -> list[str]:
    """Return texts of fans: most of a sentence or two, some of a whole paragraph."""
    chance = random.Random(1)
    made = []
    for _ in range(count):
        sentences = chance.choice((_SPANISH, _ENGLISH))
        length = chance.choices((1, 2, 3, 8), (60, 25, 10, 5))[0]
        made.append(" ".join(chance.choice(sentences) for _ in range(length)))
    return made


def make_answers(count: int = 200) -> list[str]:
    """Return texts of ours."""
    chance = random.Random(2)
    return [" ".join(chance.choice(_ANSWERS) for _ in range(chance.choice((1, 1, 2)))) for _ in range(count)]
