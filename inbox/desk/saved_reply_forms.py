"""What the form of a saved reply holds: a name, a folder, whose it is, and a wording for each language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from flask import request

from inbox.errors import Invalid
from inbox.languages import gettext as _
from inbox.languages import language
from inbox.members import forms
from inbox.replies.saved import MOST_LANGUAGES, Wanted
from inbox.replies.saved_models import SavedReply

# Those that brands of our languages answer in most; any other that somebody saved stays in the list.
OFFERED = ("es", "en", "ca", "gl", "eu", "pt", "fr", "it", "de", "nl", "ar")
FREE_ROWS = 2


@dataclass(frozen=True)
class Typed:
    """What stands in the form; `rows`: pairs of a language ("" for any) and its text."""

    name: str
    folder: str
    team_id: str
    rows: Sequence[tuple[str, str]]


def empty(first: str) -> Typed:
    """Return the form of a new one: a row in the member's language, and one for any."""
    return Typed("", "", "", ((first, ""), ("", "")))


def of_saved(saved: SavedReply) -> Typed:
    """Return the form of one that is kept, with room for more languages."""
    rows = tuple(in_order(saved, language()))
    return Typed(saved.name, saved.folder, str(saved.team_id or ""), (*rows, *(("", ""),) * FREE_ROWS))


def of_request() -> Typed:
    """Return what was typed; what nobody typed into is left out."""
    codes, texts = request.form.getlist("language"), request.form.getlist("text")
    pairs = list(zip(codes, texts, strict=False))[: MOST_LANGUAGES + FREE_ROWS]
    rows = tuple((code[:20], _plain(text)) for code, text in pairs)
    return Typed(_line(forms.text("name")), _line(forms.text("folder")), forms.text("team_id"), rows)


def read(typed: Typed) -> Wanted:
    """Return what is wanted; raises Invalid for a language that is none or that has two texts."""
    texts: dict[str, str] = {}
    for code, text in typed.rows:
        if not text.strip():
            continue
        if code and not is_language(code):
            raise Invalid("saved_reply_language")
        if code in texts:
            raise Invalid("saved_reply_language_twice", language=language_word(code) if code else _("any language"))
        texts[code] = text.strip()
    team_id = forms.optional_number("team_id")
    return Wanted(typed.name, typed.folder, team_id, texts)


def by_folder(found: Iterable[SavedReply]) -> list[tuple[str, list[SavedReply]]]:
    """Return saved replies folder by folder; those without one come first."""
    folders: dict[str, list[SavedReply]] = {}
    for one in found:
        folders.setdefault(one.folder, []).append(one)
    return sorted(folders.items(), key=lambda pair: (pair[0] != "", pair[0].casefold()))


def in_order(saved: SavedReply, first: str) -> list[tuple[str, str]]:
    """Return the wordings with their languages: the one asked for, those for any, then the others by code."""
    return sorted(saved.texts.items(), key=lambda pair: (pair[0] != first, pair[0] != "", pair[0]))


def list_languages(typed: Typed) -> list[tuple[str, str]]:
    """Return the languages to choose from, with their names, as codes and words."""
    kept = [code for code, _text in typed.rows if code and is_language(code)]
    codes = dict.fromkeys([*OFFERED, *kept])
    return [("", _("any language")), *((code, language_word(code)) for code in codes)]


def is_language(code: str) -> bool:
    """Tell whether a code names a language."""
    try:
        return bool(Locale.parse(code, sep="-"))
    except (UnknownLocaleError, ValueError, TypeError):
        return False


def language_word(code: str) -> str:
    """Return a language's name in the language of the page."""
    return Locale.parse(code, sep="-").get_display_name(language()) or code


def _line(text: str) -> str:
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    """Return a text without what no database keeps; ends of lines are one sign."""
    return text.replace("\r\n", "\n").replace("\0", "")
