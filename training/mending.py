"""Catalogue text without the traces of the catalogue: mark-up, mojibake, invisible characters, edition tags."""

import html
import re
import unicodedata
from typing import Final

import ftfy
from ftfy.badness import is_bad

from model import originality

_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]{0,300}/?>|<!--.{0,300}?-->", re.S)
_ENTITY: Final = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-zA-Z]{2,8}\d{0,2});")
_STRAIGHT: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "`": "'", "´": "'"})
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
_LOST_APOSTROPHE: Final = re.compile(r"(?<=[^\W\d_])\ufffd(?=(?:s|t|d|m|re|ll|ve)\b)")
_LANGUAGES: Final = (
    "hindi|english|tamil|telugu|malayalam|kannada|bengali|marathi|punjabi|gujarati|urdu|arabic|chinese|mandarin"
    "|cantonese|japanese|korean|thai|vietnamese|spanish|castilian|portuguese|french|german|italian"
)
_EDITION: Final = re.compile(
    rf"[(\[](?:in )?(?:{_LANGUAGES}|english sub(?:title)?s?|eng sub|dubbed|subbed|subtitled)\b[^()\[\]]{{0,30}}[)\]]"
    rf"|\s[-–—:|,/] ?(?:in )?(?:{_LANGUAGES})(?: dubbed| subtitled| version| audio)?\s*$"
    r"|\b(?:4k|uhd|ultra hd|full hd|blu-?ray|1080p|720p|english (?:dub|sub)(?:bed|titled)?)\b",
    re.I,
)
_CLOSING: Final = re.compile(
    rf"\s*[-–—:|,/]* ?{_EDITION.pattern}\s*$"
    r"|\s*[-–—:,]\s*(?:the complete )?(?:season|series) (?:\d+|one|two|three|four|five|six|[ivx]+)\s*$"
    r"|\s*[-–—:,]?\s*(?:the complete series|full movie)\s*$|\s*[-–—:,]\s*unrated\s*$|\s+season 1\s*$"
    r"|\s*[-–—:,]\s*(?:the )?(?:producer'?s|final|theatrical|international) (?:cut|edition|version)\s*$"
    r"|(?<=\w)\s*[-–—:,]?\s+(?:the )?(?:director'?s cut|extended (?:cut|edition|version)|rated \w+ version"
    r"|(?:digitally )?remaster(?:ed)?|(?:[24]k )?(?:restored )?special edition)\s*$"
    r"|\s+[-–—]\s+(?:a |the )?(?:feature|original) version of\b.*$|\s+[-–—]\s+(?:19|20)\d\d colou?r\b.*$"
    r"|(?<=\w)\s+(?:hindi|tamil|telugu|malayalam|kannada)\s*$",
    re.I,
)
_CLOSING_BRACKET: Final = re.compile(
    r"(?<!\bor)(?<!\band)(?<=\S)(?:\s+|(?<=\w)(?=\([A-Z][a-z]{3,}\)))[(\[][^()\[\]]*[)\]]$"
)
_TORN: Final = re.compile(r"[(\[][^)\]]*$")  # half of a tag
_OPENING_TAG: Final = re.compile(r"^[(\[](?:dub|sub|4k|hd)[^()\[\]]*[)\]]\s*", re.I)
_ARTICLE_LAST: Final = re.compile(r"(?P<title>.+), (?P<article>The|A|An)")
_FRAMED: Final = re.compile(r"\s+[-–~](?P<inner>\S[^-–~]*\S)[-–~]$")  # "Aoki -The Diver-", as subtitles of anime are
_SMALL: Final = re.compile(r"(?<=[\w,] )(?:A|An|And|At|For|From|In|Of|On|Or|The|To|With)\b(?= \w)")
_FRACTION: Final = re.compile(r"(?<=\w)(?=[²³¹⁰-⁹¼-¾⅐-⅞])")


def straight(text: str) -> str:
    """Return ``text`` on one line with straight quotes, without invisible characters."""
    return " ".join(_INVISIBLE.sub("", text).translate(_STRAIGHT).split())


def mended(text: str) -> str:
    """Return ``text`` on one line: entities resolved, mark-up and invisible characters gone, mojibake undone."""
    if "&" in text:
        text = html.unescape(html.unescape(text))  # some are escaped twice
    if "<" in text:
        text = _MARKUP.sub(" ", text)
    if not text.isascii():
        text = ftfy.fix_text(_LOST_APOSTROPHE.sub("'", text))
    return straight(text)


def title(text: str) -> str:
    """Return a title as a poster prints it: no edition, language or resolution, and not in capitals throughout.

    Brackets go where they stand last ("Tin Moon (Hindi)"), and stay within a title ("You Can (Not) Advance").
    """
    clean = _FRACTION.sub(" ", _OPENING_TAG.sub("", mended(text)))  # else "Alien³" would become "Alien3"
    before = None
    while clean != before:
        before, clean = clean, _CLOSING.sub("", _CLOSING_BRACKET.sub("", clean)).strip(" –—:,|/").rstrip("([")
    clean = unicodedata.normalize("NFKC", _FRAMED.sub(r": \g<inner>", clean)).replace("\u2044", "/")  # "33 1/3"
    return _calm(_ARTICLE_LAST.sub(r"\g<article> \g<title>", clean) if _ARTICLE_LAST.fullmatch(clean) else clean)


def _calm(text: str) -> str:
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    if not text.isupper() or sum(map(len, words)) < 6:  # "THX 1138" and "WALL-E" are called so
        return text
    return _SMALL.sub(_lower, re.sub(r"'(S|T|M|D|Ll|Re|Ve)\b", _lower, text.title()))


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


def artefacts(text: str, *, is_title: bool = False) -> frozenset[str]:
    """Return which traces of a catalogue ``text`` shows: "edition", "mark-up", "mojibake", "invisible"."""
    found = {
        "edition": is_title and _is_edition(text),
        "mark-up": bool(_MARKUP.search(text) or _ENTITY.search(text)),
        "mojibake": "\ufffd" in text or (not text.isascii() and is_bad(text)),
        "invisible": bool(_INVISIBLE.search(text)),
    }
    return frozenset(name for name, there in found.items() if there)


def _is_edition(title: str) -> bool:
    return any(tag.search(title) for tag in (_EDITION, _CLOSING, _TORN)) or originality.is_catalogued(title)
