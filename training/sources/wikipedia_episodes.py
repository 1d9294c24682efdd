"""Episode tables of a Wikipedia article, in wikitext or as a saved web page: number, title, summary, year."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.sources.base import wrong_bytes

if TYPE_CHECKING:
    from parsel import Selector

_SEASON: Final = re.compile(r"season\s+(\d+)", re.I)
_HEADLINE: Final = re.compile(r"^=+[^=\n]*?season\s+(\d+)", re.I | re.M)
_EPISODE: Final = re.compile(r"\{\{\s*episode list(?:/sublist\s*\|[^|{}]*?(\d+)?\s*)?\|", re.I)
_BOUND: Final = re.compile(r"\{\{|\[\[|\}\}|\]\]|\|")
_DATE: Final = re.compile(r"\{\{\s*start date\s*\|\s*(\d{4})", re.I)
_DROPPED: Final = re.compile(r"<!--.*?-->|<ref[^>]*/>|<ref.*?</ref>|</?[a-z][^>]*>|'{2,}", re.I | re.S)
_LINK: Final = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_TEMPLATE: Final = re.compile(r"\{\{[^{}]*\}\}")
_QUOTED: Final = re.compile(r"[\"“](.+?)[\"”]")  # and the title in another language behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A row of an episode table; ``number`` counts within the season."""

    season: int
    number: int
    title: str
    summary: str
    year: int | None


def from_wikitext(path: Path) -> Iterator[Listed]:
    """Yield the episodes with a summary of an article's wikitext.

    Raises:
        EncodingError: see its docstring.
    """
    source, season = _text(path), _first_season(path.stem)
    marks = sorted([*_HEADLINE.finditer(source), *_EPISODE.finditer(source)], key=lambda match: match.start())
    for mark in marks:
        season = int(mark[1]) if mark[1] else season
        if mark.re is _HEADLINE:
            continue
        fields = _fields(source, mark.end())
        number = _first_number(fields.get("EpisodeNumber2", ""))
        if season and number and fields.get("ShortSummary"):
            date = _DATE.search(fields.get("OriginalAirDate", ""))
            yield Listed(
                season=season,
                number=number,
                title=_bare(fields.get("Title", "")),
                summary=_bare(fields["ShortSummary"]),
                year=int(date[1]) if date else None,
            )


def _first_season(name: str) -> int | None:
    match = _SEASON.search(name.replace("_", " "))
    return int(match[1]) if match else None


def _fields(source: str, start: int) -> dict[str, str]:
    """Return the named fields of the template whose first field begins at ``start``."""
    fields, depth, begins = [], 0, start
    for match in _BOUND.finditer(source, start):
        if match[0] == "|" and depth == 0:
            fields.append(source[begins : match.start()])
            begins = match.end()
        elif match[0] in {"{{", "[["}:
            depth += 1
        elif match[0] != "|":
            depth -= 1
        if depth < 0:
            fields.append(source[begins : match.start()])
            break
    named = (field.partition("=") for field in fields)
    return {name.strip(): value.strip() for name, equals, value in named if equals}


def _bare(wikitext: str) -> str:
    """Return ``wikitext`` without mark-up; of a link its words, of a template nothing."""
    text = _LINK.sub(r"\1", _DROPPED.sub("", wikitext))
    while _TEMPLATE.search(text):
        text = _TEMPLATE.sub("", text)
    return " ".join(unescape(text).split())


def from_html(path: Path) -> Iterator[Listed]:
    """Yield the episodes with a summary of an article saved as a web page.

    Raises:
        EncodingError: see its docstring.
    """
    from parsel import Selector  # noqa: PLC0415 -- a heavy import that only a saved page needs

    page = Selector(_text(path))
    season = _first_season(path.stem) or _first_season(_words(page.css("h1, title")))
    row: Selector | None = None
    for element in page.css("h2, h3, caption, tr.vevent, tr.expand-child"):
        if element.root.tag != "tr":
            season = _first_season(_words(element)) or season
        elif "vevent" in element.attrib["class"]:
            row = element
        elif row is not None and season:
            yield from _row(season, row, _words(element))


def _row(season: int, row: "Selector", summary: str) -> Iterator[Listed]:
    cells, title = row.css("td, th"), row.css("td.summary")
    numbers = [number for cell in cells[:2] if (number := _first_number(_words(cell)))]
    year = re.search(r"\d{4}", " ".join(row.css(".bday::text").getall()))
    quoted = _QUOTED.match(_words(title))
    if numbers and title and summary:
        yield Listed(
            season=season,
            number=numbers[-1],
            title=quoted[1] if quoted else _words(title),
            summary=summary,
            year=int(year[0]) if year else None,
        )


def _words(elements: "Selector | Selector.selectorlist_cls") -> str:
    texts = elements.xpath(".//text()[not(ancestor::sup or ancestor::style)] | .//hr | .//br").getall()
    return " ".join("".join(" " if text.startswith(("<hr", "<br")) else text for text in texts).split())


def _first_number(text: str) -> int | None:
    match = re.search(r"\d+", text)
    return int(match[0]) if match else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise wrong_bytes(path, "utf-8") from error
