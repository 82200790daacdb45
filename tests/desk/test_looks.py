"""Names, colours and text as they are shown; what platforms send is never trusted as HTML."""

import pytest

from inbox.desk.looks import host_of, hue, initials, marked
from inbox.desk.turning import balanced


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("María Gómez", "MG"),
        ("María de la O", "MO"),
        ("pau.test", "PT"),
        ("@lucia", "L"),
        ("عبد الله", "عا"),
        ("👨‍👩‍👧 Familia", "👨‍👩‍👧F"),
        ("", "?"),
        ("  ", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_name_keeps_its_hue() -> None:
    assert hue("María") == hue("María")
    assert 0 <= hue("") < 24
    assert len({hue(str(number)) for number in range(200)}) == 24


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '<img src=x onerror="alert(1)">', '" onmouseover="x', "a & b < c", "</bdi></p>"],
)
def test_text_is_text(text: str) -> None:
    shown = str(marked(text))
    assert "<" not in shown
    assert '"' not in shown


def test_addresses_become_links_that_show_their_host() -> None:
    shown = str(marked("see https://acme.example/a?b=1&c=2, then <b>go</b>."))
    assert 'href="https://acme.example/a?b=1&amp;c=2"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "&lt;b&gt;go&lt;/b&gt;" in shown
    assert "</a>, then" in shown


def test_a_mark_whose_words_hide_its_host_shows_it() -> None:
    text = "win a prize here"
    shown = str(marked(text, [{"kind": "link", "start": 12, "end": 16, "url": "https://evil.example/x"}]))
    assert '>here</a> <bdi class="host">(evil.example)</bdi>' in shown


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ("pal.example", "https://l.example/"),
        ("paypal.example", "https://pal.example/"),
        ("https://bank.example.evil.example", "https://evil.example/"),
        ("bank.example/evil.example", "https://evil.example/"),
        ("@evil.example of bank.example", "https://evil.example/"),
        ("evil.example/a bank.example", "https://evil.example:8443/a"),
    ],
)
def test_words_that_end_like_the_host_do_not_hide_it(words: str, url: str) -> None:
    shown = str(marked(words, [{"kind": "link", "start": 0, "end": len(words), "url": url}]))
    assert (f'<bdi class="host">({host_of(url)})</bdi>' in shown) is (" bank" not in words or "@" in words)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\\@bank.example/",  # a browser goes to evil.example, Python reads bank.example
        "https://evil.example\\.bank.example/",
        "https://bank\u202eexample.test/",
        "https://bank\u2066.example/",
        f"https://{'a' * 300}.example/",
        "https://evil.example\uff0f@bank.example/",
    ],
)
def test_an_address_that_a_browser_reads_differently_is_no_link(url: str) -> None:
    shown = str(marked("press here", [{"kind": "link", "start": 6, "end": 10, "url": url}]))
    assert "<a " not in shown
    assert host_of(url) == ""


def test_names_with_accents_are_hosts_as_well() -> None:
    assert host_of("https://www.España.example/x") == "españa.example"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x.example", "http://[", ""]
)
def test_other_schemes_are_no_links(url: str) -> None:
    shown = str(marked("press here", [{"kind": "link", "start": 6, "end": 10, "url": url}]))
    assert "<a " not in shown
    assert host_of(url) == ""


def test_wrong_and_overlapping_marks_are_left_out() -> None:
    marks: list[dict[str, object]] = [
        {"kind": "mention", "start": 0, "end": 5, "url": None},
        {"kind": "link", "start": 3, "end": 9, "url": "https://acme.example"},
        {"kind": "link", "start": 7, "end": 99, "url": "https://acme.example"},
        {"kind": "bold", "start": 0, "end": 2},
        {"kind": "link"},
    ]
    assert str(marked("@anna hello", marks)) == '<span class="at">@anna</span> hello'


def test_an_endless_word_may_break_and_stays_the_same_text() -> None:
    word = "<" * 2000
    shown = str(marked(f"so {word} long"))
    assert shown.count("<wbr>") == 2000 // 64
    assert shown.replace("<wbr>", "").replace("&lt;", "<") == f"so {word} long"
    assert "<wbr>" not in str(marked("w" * 999))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, and عربي", "plain, and عربي"),
        ("a\u202eb", "a\u202eb\u202c"),
        ("a\u2067b", "a\u2067b\u2069"),
        ("a\u2066b\u2069c", "a\u2066b\u2069c"),
        ("a\u2069b\u202cc", "abc"),
        ("\u202a\u2069", "\u202a\u202c"),
        ("\u2066\u202ea\u2069b\u202c", "\u2066\u202ea\u2069b"),
        ("\u2066\u202c\u202b", "\u2066\u202b\u202c\u2069"),
    ],
)
def test_what_turns_the_writing_round_is_closed_and_nothing_else_is(text: str, expected: str) -> None:
    assert balanced(text) == expected
