"""The messages of the source, and the catalogs of the languages; run it to bring the catalogs up to date.

python -m tests.house.catalog        adds new messages, drops old ones, keeps what is translated
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tests.house.source import ROOT

FOLDER = ROOT / "inbox" / "translations"
LANGUAGES = ("es",)
_METHODS = [("inbox/**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"}}
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}


def extract() -> Catalog:
    """Return every message that the source says, without places: they would change with every line."""
    found = Catalog()
    for _, _, message, comments, context in extract_from_dir(
        ROOT, _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=("T:",), directory_filter=_is_ours
    ):
        found.add(message, auto_comments=comments, context=context)
    return found


def path_of(language: str) -> Path:
    """Return where the catalog of a language lies."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """Return the catalog of a language; an empty one if it has none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Bring every language's catalog to the messages of the source, sorted, without guesses."""
    template = extract()
    for language in LANGUAGES:
        catalog = read(language)
        catalog.update(template, no_fuzzy_matching=True, keep_user_comments=True)
        catalog.obsolete.clear()
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, catalog, width=110, omit_header=False, sort_output=True, ignore_obsolete=True)


def _is_ours(folder: str) -> bool:
    name = Path(folder).name
    return name in ("inbox", "templates") or ("node_modules" not in folder and not name.startswith((".", "data")))


if __name__ == "__main__":
    update()
