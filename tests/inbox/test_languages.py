"""Words and times of templates: those of flask_babel, found faster, and never in somebody else's language or zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import flask_babel
import pytest
from flask import Flask, g, render_template_string
from markupsafe import Markup

from inbox import languages
from inbox.desk import words
from inbox.languages import LOCALES

MOMENTS = [
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # Madrid's clocks go on a second later
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    datetime(1890, 1, 1, 0, 0, 30, tzinfo=UTC),  # zones were apart by seconds
]


@pytest.fixture
def page(app: Flask) -> Iterator[Flask]:
    """A request of somebody, as whom `become` makes it."""
    with app.test_request_context("/"):
        yield app


def become(locale: str, zone: str = "UTC") -> None:
    g.signed_in = SimpleNamespace(member=SimpleNamespace(locale=locale, time_zone=zone))
    flask_babel.refresh()


def say(source: str, **values: object) -> str:
    return render_template_string(source, **values)


def test_a_word_is_said_in_the_language_of_the_request_and_in_the_one_that_is_forced(page: Flask) -> None:
    for _ in range(2):
        become("en")
        assert (say("{{ _('Done') }}"), languages.gettext("Done")) == ("Done", "Done")
        with flask_babel.force_locale("es"):
            assert (say("{{ _('Done') }}"), languages.gettext("Done")) == ("Hecha", "Hecha")
        assert say("{{ _('Done') }}") == "Done"
        become("es")
        assert say("{{ gettext('Done') }}") == languages.gettext("Done") == "Hecha"


def test_what_stands_in_a_sentence_is_escaped(page: Flask) -> None:
    assert say("{{ _('<%(name)s> 100%%', name='<b>') }}") == "<&lt;b&gt;> 100%"
    assert say("{{ _('100%%') }}") == "100%"
    assert say("{{ _('%(name)s', name=name) }}", name=Markup("<b>")) == "<b>"
    assert say("{{ ngettext('%(num)s of %(name)s', '%(num)s by %(name)s', 2, name='&') }}") == "2 by &amp;"


@pytest.mark.parametrize("count", [0, 1, 2, 30])
@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_take_their_form(page: Flask, locale: str, count: int) -> None:
    become(locale)
    said = say("{{ ngettext('a picture', '%(num)s pictures', count) }}", count=count)
    assert said == flask_babel.ngettext("a picture", "%(num)s pictures", count)


@pytest.mark.parametrize("form", [None, "short", "long", "d MMMM HH:mm:ss"])
def test_times_are_those_of_who_looks(page: Flask, form: str | None) -> None:
    seen = set()
    for locale in LOCALES:
        for zone in ("UTC", "Europe/Madrid", "America/Bogota"):
            become(locale, zone)
            for at in MOMENTS:
                written = say("{{ at|datetimeformat(form) }}", at=at, form=form)
                assert written == flask_babel.format_datetime(at, form)
                seen.add(written)
    assert len(seen) >= 3 * len(MOMENTS)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_of_the_tables_is_in_the_language_of_the_page(page: Flask, locale: str) -> None:
    become(locale)
    assert words.platform_word("sandbox_feed") == flask_babel.gettext("Sandbox feed")
    assert words.platform_word("new_one") == "New one"
    assert words.kind_word("comment") == flask_babel.gettext("Comment")
    assert words.kind_word("comment", is_private=True) == flask_babel.gettext("Private message")
    assert words.kind_word("else") == "else"
    assert words.audience_word("public") == words.awaits_words(None) == words.settled_words(None, None, None) == ""
    assert words.settled_words("excused", "else", "Ana") == f"{flask_babel.gettext('no answer needed')} · Ana"
    assert words.gone_words(None, is_ours=True) == flask_babel.gettext("Deleted")
    assert words.gone_words("else", is_ours=False) == flask_babel.gettext("Deleted by its author")
    assert words.person_word(None, "\u200b") == flask_babel.gettext("Somebody without a name")
    assert words.person_word("\u202egnp.evil") == "\u202egnp.evil\u202c"  # in a title or a label no <bdi> ends it
