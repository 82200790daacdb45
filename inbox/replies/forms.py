"""What the composer and the buttons of a delivery send."""

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from inbox.errors import Invalid
from inbox.numbers import read_number
from inbox.replies.drafts import MODES, Keeping
from inbox.replies.queue import Wanted


@dataclass(frozen=True)
class DraftForm:
    """What is being written, to be kept; None: not said."""

    text: str
    mode: str | None
    seen_seq: int | None
    parent_message_id: int | None
    also: Mapping[str, int] | None
    keeping: Keeping | None


def read_draft(form: MultiDict[str, str]) -> DraftForm:
    """Read a draft to keep; raises Invalid for a number that is none."""
    seen_seq = _number(form, "seen_seq")
    mode = form.get("mode")
    also = {str(one): seen_seq or 0 for one in _numbers(form, "also")}
    return DraftForm(
        text=form.get("text", ""),
        mode=mode if mode in MODES else None,
        seen_seq=seen_seq,
        parent_message_id=_number(form, "parent_message_id"),
        also=also,
        keeping=_keeping(form),
    )


def read_reply(form: MultiDict[str, str]) -> Wanted:
    """Read a pressed Send; raises Invalid where what was seen is missing or a number is none."""
    seen_seq = _number(form, "seen_seq")
    if seen_seq is None:
        raise Invalid("seen_seq_missing")
    return Wanted(
        reply_key=_code(form, "reply_key"),
        text=form.get("text", ""),
        seen_seq=seen_seq,
        mode=_code(form, "mode") or "public",
        parent_message_id=_number(form, "parent_message_id"),
        also_conversation_ids=tuple(_numbers(form, "also")),
        is_finishing=form.get("then") == "done",
        after_delivery_id=_number(form, "after"),
        keeping=_keeping(form),
        seen_wording=_number(form, "seen_wording"),
    )


def _keeping(form: MultiDict[str, str]) -> Keeping | None:
    """Read which keeping of which page this is; None without scripts, where nothing can be overtaken."""
    page, number = _code(form, "kept_page")[:64], _number(form, "kept_number")
    return Keeping(page, number) if page and number is not None else None


def _code(form: MultiDict[str, str], name: str) -> str:
    """Read what only a program writes; with a NUL in it, which PostgreSQL keeps in no text, it is none of ours."""
    text = form.get(name, "")
    return "" if "\0" in text else text


def _number(form: MultiDict[str, str], name: str) -> int | None:
    text = form.get(name, "")
    return _parse(text, name) if text else None


def _numbers(form: MultiDict[str, str], name: str) -> list[int]:
    return [_parse(text, name) for text in form.getlist(name)]


def _parse(text: str, name: str) -> int:
    number = read_number(text)
    if number is None:
        raise Invalid("not_a_number", name=name)
    return number
