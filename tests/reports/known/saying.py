"""How numbers are written, in both languages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

HOUR, DAY = 3600, 86400
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "replies": ("First reply", "Later replies"),
        "no_team": "No team",
        "another": "Another team",
        "priorities": {"low": "Low", "normal": "Normal", "high": "High", "urgent": "Urgent"},
        "platforms": {"bluesky": "Bluesky", "sandbox_feed": "Sandbox feed", "sandbox_pages": "Sandbox pages"},
        "nobody": "Nobody",
        "of": "of",
        "tail": "nine of ten within {p90} · within 24 h {share}",
        "unheld": "with nobody on them",
        "when": {1: "today", 365: "in the last 12 months", None: "in the last {n} days"},
    },
    "es": {
        "replies": ("Primera respuesta", "Respuestas siguientes"),
        "no_team": "Sin equipo",
        "another": "Otro equipo",
        "priorities": {"low": "Baja", "normal": "Normal", "high": "Alta", "urgent": "Urgente"},
        "platforms": {"bluesky": "Bluesky", "sandbox_feed": "Muro de pruebas", "sandbox_pages": "Páginas de pruebas"},
        "nobody": "Nadie",
        "of": "de",
        "tail": "nueve de diez en {p90} · en 24 h {share}",
        "unheld": "sin nadie asignado",
        "when": {1: "hoy", 365: "en los últimos 12 meses", None: "en los últimos {n} días"},
    },
}
SENTENCES = {
    "en": (
        ("Of {due} person whose answer was due {when},", "Of {due} people whose answer was due {when},"),
        ("{met} got it in time ({rate});", "{met} got it in time ({rate});"),
        ("{late} was late,", "{late} were late,"),
        ("{waiting} still waits.", "{waiting} still wait."),
    ),
    "es": (
        ("De {due} persona cuya respuesta vencía {when},", "De {due} personas cuya respuesta vencía {when},"),
        ("{met} la recibió a tiempo ({rate});", "{met} la recibieron a tiempo ({rate});"),
        ("{late}, tarde;", "{late}, tarde;"),
        ("{waiting} sigue esperando.", "{waiting} siguen esperando."),
    ),
}


@dataclass(frozen=True)
class Saying:
    """Numbers in a language."""

    language: str

    def word(self, name: str) -> str:
        """Return a word."""
        return str(WORDS[self.language][name])

    def words(self, name: str) -> tuple[str, ...]:
        """Return several words."""
        return tuple(WORDS[self.language][name])

    def named(self, name: str) -> dict[Any, str]:
        """Return words by what they stand for."""
        return dict(WORDS[self.language][name])

    def number(self, number: int) -> str:
        """Write a whole number."""
        return f"{number:,}" if self.language == "en" else f"{number:,}".replace(",", ".")

    def share(self, part: int, of: int, *, sign: bool = True) -> str:
        """Write a part in per cent, cut off after one decimal."""
        if not of:
            return "–"
        whole, tenth = divmod(1000 * part // of, 10)
        mark = "." if self.language == "en" else ","
        return f"{whole}{f'{mark}{tenth}' if tenth else ''}{' %' if sign else ''}"

    def length(self, seconds: float | None) -> str:
        """Write a length as clocks say it."""
        if seconds is None:
            return "–"
        if seconds >= 2 * DAY:
            return f"{int(seconds // DAY)} d"
        hours, rest = divmod(timedelta(seconds=seconds) // timedelta(minutes=1), 60)
        if hours >= 10 or (hours and not rest):
            return f"{hours} h"
        return f"{hours} h {rest:02}" if hours else f"{rest} min"

    def sentence(self, days: int, due: int, met: int, late: int, waiting: int) -> str:
        """Write the sentence."""
        whens = self.named("when")
        when = whens.get(days) or whens[None].format(n=days)
        numbers = dict(zip(("due", "met", "late", "waiting"), (due, met, late, waiting), strict=True))
        said = {name: self.number(number) for name, number in numbers.items()}
        said |= {"when": when, "rate": self.share(met, due)}
        parts = zip(SENTENCES[self.language], numbers.values(), strict=True)
        return " ".join(forms[number != 1].format(**said) for forms, number in parts)
