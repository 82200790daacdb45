"""Reads the numbers off the SLA page as a person would: cell by cell, in the page's own words."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl

Table = list[list[str]]


def words_of(html: str) -> str:
    """Return the words that stand in a piece of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).replace("\N{NO-BREAK SPACE}", " ").split())


@dataclass(frozen=True)
class PageRead:
    """One page, taken apart where it is asked."""

    html: str

    def section(self, name: str) -> str:
        """Return a section's HTML, or nothing."""
        found = re.search(rf'<section[^>]*aria-labelledby="sla-{name}".*?</section>', self.html, re.DOTALL)
        return found[0] if found else ""

    def table(self, name: str) -> Table:
        """Return the cells of a section's table without its head."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.section(name), re.DOTALL)[1:]
        return [[words_of(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows]

    @property
    def sentence(self) -> str:
        """Return the sentence in which everything is said first."""
        found = re.search(r'<p class="say">(.*?)</p>', self.html, re.DOTALL)
        return words_of(found[1]) if found else ""

    @property
    def tiles(self) -> Table:
        """Return the large numbers, each with what stands below it."""
        found = re.search(r'<div class="card tiles">(.*?)</div>\s*<div class="grid">', self.html, re.DOTALL)
        parts = re.findall(r"<b[^>]*>(.*?)</b><small>(.*?)</small>", found[1] if found else "", re.DOTALL)
        return [[words_of(number), words_of(below)] for number, below in parts]

    @property
    def meanings(self) -> list[str]:
        """Return the numbers beside the definitions."""
        return [words_of(number) for number in re.findall(r"<dt>.*?<b>(.*?)</b></dt>", self.section("beside"))]

    @property
    def week_bars(self) -> list[str]:
        """Return what is written on the bars of the weeks."""
        found = re.findall(r'<text x="[^"]*" y="[^"]*" text-anchor="middle">(.*?)</text>', self.section("weeks"))
        return [words_of(one) for one in found]

    @property
    def links(self) -> dict[str, str]:
        """Return the addresses of rows with the number that leads there."""
        found = re.findall(r'<a href="(/sla/rows\?[^"]*)">([\d.,]+)</a>', self.html)
        return {unescape(address): number for address, number in found}

    @staticmethod
    def conversations(html: str) -> list[int]:
        """Return the conversations of a page of rows, in their order."""
        return [int(number) for number in re.findall(r'<td><a href="/c/(\d+)"', html)]

    @staticmethod
    def next_rows(html: str) -> str:
        """Return where the next rows are, or nothing."""
        found = re.search(r'href="(/sla/rows\?[^"]*after=[^"]*)"', html)
        return unescape(found[1]) if found else ""


def query_of(address: str) -> dict[str, str]:
    """Return what an address asks for."""
    return dict(parse_qsl(address.partition("?")[2]))
