"""What saved replies leave open."""

import pytest

from inbox.replies.variables import fill, first_name, list_unknown

ANA = {"name": "Ana Álvarez", "first_name": "Ana", "handle": "@ana", "channel": "Acme", "me": "Lucía"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hola, {first_name}. Soy {me}, de {channel}.", "Hola, Ana. Soy Lucía, de Acme."),
        ("{name}{handle}", "Ana Álvarez@ana"),
        ("Use {braces} and {NAME} and { name }.", "Use {braces} and {NAME} and { name }."),
        ("{name", "{name"),
        ("", ""),
    ],
)
def test_variables_are_filled_in_and_nothing_else_is_touched(text: str, filled: str) -> None:
    assert fill(text, ANA) == filled


def test_what_has_no_value_leaves_no_gap() -> None:
    assert fill("Hola {first_name}, gracias.", {"first_name": ""}) == "Hola, gracias."


@pytest.mark.parametrize("name", ["A\u202ena", "A\nna", "A\x00na", "A\u200b\u2066na"])
def test_a_name_stays_in_its_place(name: str) -> None:
    assert fill("{name}!", {"name": name}) == "A na!"


def test_a_name_that_looks_like_a_variable_is_a_name() -> None:
    assert fill("{name} {me}", ANA | {"name": "{me}"}) == "{me} Lucía"


def test_an_endless_name_is_cut_and_a_first_name_is_its_first_word() -> None:
    assert len(fill("{name}", {"name": "a" * 10_000})) == 80
    assert first_name("  Ana\u2066 María ") == "Ana"
    assert first_name("\u200b") == ""


def test_what_looks_like_a_variable_and_is_none_is_named() -> None:
    assert list_unknown("{name} {nombre} {order_id} {nombre} {Order}") == ["nombre", "order_id"]
