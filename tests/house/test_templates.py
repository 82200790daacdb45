"""Templates: every word goes through gettext, and nothing needs a looser policy than ours."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

from tests.house.source import ROOT, templates

_SPOKEN = {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-valuetext", "label"}
# Names, signs and keys are the same in every language.
_SAME_EVERYWHERE = {"relevo", "english", "español", "ctrl", "enter", "shift", "esc", "tab", "k", "utc"}
_HOLE = "\N{REPLACEMENT CHARACTER}"
_TRANS = re.compile(r"{%-?\s*trans\b.*?endtrans\s*-?%}", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)+")
_LEXER = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


class Reader(HTMLParser):
    """Collects the words that a page says by itself, and what our policy would block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.blocked: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag's attributes."""
        self._open.append(tag)
        given = dict(attrs)
        if tag == "script" and "src" not in given and given.get("type") not in ("application/json", "importmap"):
            self.blocked.append("<script> without src")
        if tag == "style":
            self.blocked.append("<style>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.blocked.append(f"{tag} {name}")
            if name in _SPOKEN:
                self._say(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag; whatever was not closed inside is left with it."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Look at text between tags."""
        if not {"script", "style", "kbd", "code"} & set(self._open[-3:]):
            self._say(data)

    def _say(self, text: str) -> None:
        spoken = [word for word in _LETTERS.findall(_ADDRESS.sub("", text)) if word.lower() not in _SAME_EVERYWHERE]
        if spoken:
            self.said.append(" ".join(text.split()))


def read(source: str) -> Reader:
    """Read a template with a hole where Jinja puts something; what {% trans %} encloses is translated."""
    plain = []
    depth = 0
    for _, kind, value in _LEXER.lex(_TRANS.sub("", source)):
        if kind in ("variable_begin", "block_begin", "comment_begin"):
            depth += 1
            plain.append(_HOLE if kind == "variable_begin" else "")
        elif kind in ("variable_end", "block_end", "comment_end"):
            depth -= 1
        elif kind == "data" and depth == 0:
            plain.append(value)
    reader = Reader()
    reader.feed("".join(plain))
    reader.close()
    return reader


TEMPLATES = [path.relative_to(ROOT).as_posix() for path in templates()]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_word_can_be_translated(name: str) -> None:
    assert read(Path(ROOT, name).read_text()).said == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_inline(name: str) -> None:
    assert read(Path(ROOT, name).read_text()).blocked == []


def test_the_check_itself_sees_words_and_holes() -> None:
    reader = read(
        "{# note #}<p title='Hi' class=x>Hello {{ name }}, {{ _('good') }} <kbd>j</kbd></p>"
        "{% trans %}fine{% endtrans %}<button onclick='x()' style='a'>{{ x }}</button><script>1</script>"
    )
    assert reader.said == ["Hi", f"Hello {_HOLE}, {_HOLE}"]
    assert reader.blocked == ["button onclick", "button style", "<script> without src"]
