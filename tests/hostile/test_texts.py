"""No text of a stranger holds a thread: every reader of texts takes a time that grows with their length."""

from collections.abc import Callable

import pytest

from inbox.conversations.awaits import Facts, judge
from inbox.desk.differences import differences
from inbox.desk.looks import flowing, initials, marked
from inbox.desk.turning import balanced
from inbox.intake.borders import clean_text
from inbox.platforms.bluesky.facets import make_facets, read_marks
from inbox.platforms.html_text import to_text
from inbox.replies.audience import break_mentions
from inbox.replies.lengths import count
from tests.hostile.shapes import LENGTH, MOST_CPU_SECONDS, cpu_seconds, slow_shapes

READERS: dict[str, Callable[[str], object]] = {
    "clean": clean_text,
    "judge": lambda text: judge(Facts(text)),
    "judge after our answer": lambda text: judge(Facts(text, is_after_our_answer=True)),
    "show": marked,
    "show plainly": flowing,
    "initials": initials,
    "balance": balanced,
    "compare with nothing": lambda text: differences(text, ""),
    "compare with half": lambda text: differences(text, text[len(text) // 2 :]),
    "compare backwards": lambda text: differences(text, text[::-1]),
    "read HTML": to_text,
    "find what to mark": lambda text: make_facets(text, {}),
    "break mentions": lambda text: break_mentions(text, ()),
    "count graphemes": count,
    "count as Mastodon": lambda text: count(text, "mastodon"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_never_slow(name: str) -> None:
    assert slow_shapes(READERS[name]) == {}


def test_a_thousand_marks_over_the_whole_text_cost_no_more_than_one() -> None:
    facts = Facts("a" * LENGTH, mention_spans=[(at, LENGTH) for at in range(1000)])
    assert cpu_seconds(lambda: judge(facts)) < MOST_CPU_SECONDS
    facets = [
        {"index": {"byteStart": 2 * at, "byteEnd": 2 * LENGTH}, "features": [{"$type": "#tag", "tag": "x"}] * 5}
        for at in range(300)
    ]
    assert cpu_seconds(lambda: read_marks("é" * LENGTH, facets)) < MOST_CPU_SECONDS


@pytest.mark.parametrize(
    "text", ["<![", "<!", "<!-", "<!--", "<?", "</", "<a", "<a b='", "a < b", "<3", "<![CDATA[x]]>"]
)
def test_what_is_no_element_is_text(text: str) -> None:
    assert to_text(f"<p>{text}").text == text
