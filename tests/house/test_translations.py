"""Every sentence exists in every language, and says the same values."""

import ast
import re

import pytest
from babel.messages.catalog import Message

from inbox import errors
from inbox.sentences import SENTENCES
from tests.house import catalog
from tests.house.source import listed, product_modules

_VALUE = re.compile(r"%\(\w+\)[sd]|{\w+}")


@pytest.mark.parametrize("language", catalog.LANGUAGES)
def test_nothing_is_untranslated_guessed_or_left_over(language: str) -> None:
    wanted = {(message.context, message.id) for message in catalog.extract() if message.id}
    have = {(message.context, message.id): message for message in catalog.read(language) if message.id}
    missing, left_over = wanted - set(have), set(have) - wanted
    assert not missing, "run python -m tests.house.catalog, then translate:" + listed(missing)
    assert not left_over, "run python -m tests.house.catalog:" + listed(left_over)
    unfinished = [str(message.id) for message in have.values() if message.fuzzy or not is_whole(message)]
    assert not unfinished, listed(unfinished)


@pytest.mark.parametrize("language", catalog.LANGUAGES)
def test_translations_keep_the_values_of_their_sentence(language: str) -> None:
    lost = [
        str(message.id)
        for message in catalog.read(language)
        if message.id
        for text in forms(message.string)
        if text and not set(_VALUE.findall(text)) >= needed(message)
    ]
    assert lost == []


def test_every_error_code_has_its_sentence() -> None:
    # Platforms' errors have codes of their own, which the channel's page words.
    kinds = {kind.__name__ for kind in (errors.NotAllowed, errors.NotFound, errors.Invalid, errors.Conflict)}
    raised = {
        code
        for module in product_modules()
        if module.name.startswith(("inbox/", "workers/"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("errors.") in kinds
        for code in [node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None]
        if isinstance(code, str)
    }
    assert raised
    without = sorted(raised - set(SENTENCES))
    assert not without, listed(without)


def is_whole(message: Message) -> bool:
    """Tell whether every form of a message is translated."""
    return all(forms(message.string))


def needed(message: Message) -> set[str]:
    """Return the values that every form must name: those in all forms of the sentence."""
    return set.intersection(*(set(_VALUE.findall(text)) for text in forms(message.id)))


def forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    """Return the singular, or all the forms of a plural."""
    return [text or ""] if isinstance(text, str | None) else list(text)
