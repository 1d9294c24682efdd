"""Anime and their synopses, of AniList or MyAnimeList, with the cleaning rules of the comparison that used them first.

The comparison (an LSTM against GPT-2) kept synopses of 30 to 300 words in plain English that stand on their own.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from training.records import Synopsis
from training.sources.base import MissingColumnsError, MissingFileError, read_lines, read_table
from training.sources.recognition import LookedInto, columns, files

NAME: Final = "anime"
COLUMNS: Final = ("title", "type", "genres", "synopsis")
MIN_WORDS: Final = 30
MAX_WORDS: Final = 300
# What the published tables call each of our columns.
_NAMES: Final = {
    "title": ("title_english", "title", "name", "anime_name"),
    "type": ("type", "media_type", "format"),
    "genres": ("genres", "genre"),
    "synopsis": ("synopsis", "sypnopsis", "description"),  # one published table misspells it
    "tags": ("tags", "themes"),
    "year": ("year", "start_year", "premiered", "aired", "start_date"),
}
_REQUIRED: Final = ("title", "genres", "synopsis")
_UNTOLD: Final = frozenset({"", "unknown", "nan", "none"})

_UNWANTED_GENRES: Final = frozenset({"hentai", "erotica", "ecchi", "yaoi", "yuri", "kids", "dementia", "avant garde"})
_NO_STORY: Final = frozenset({"music", "cm", "pv", "advertisement"})
_CREDIT: Final = re.compile(
    r"\s*(?:\(\s*(?:source|written by)\b[^()]*(?:\([^()]*\)[^()]*)*\)?|\[\s*(?:source|written by)\b[^\]]*\]?"
    r"|(?<=[.!?\s])(?:source|notes?):\s.*$)",
    re.I | re.S,
)
_NOT_ITS_OWN: Final = re.compile(
    r"\badapt(?:ation|ed|s)\b|\bspin-?\s?offs?\b|\bbased on\b|\bmusic videos?\b|\bside story\b|\brecap\b"
    r"|\bcompilation\b"
    r"|\b(?:pre|se)quels?\b|\bfollow-up\b|\bcontinuation\b|\bfranchise\b|\bbundled with\b"
    r"|\b(?:second|third|fourth|fifth|sixth|final|new|2nd|3rd|\dth) (?:season|cour|film|movie|installment)\b",
    re.I,
)
_LATER_SEASON: Final = re.compile(
    r"\b(?:season|part|cour|series) (?:[2-9]|1\d|i{2,3}|iv|vi{0,3})\b|\b(?:[2-9]|1\d)(?:nd|rd|th) (?:season|cour"
    r"|part)\b"
    r"|\b(?:second|third|fourth|fifth|final) season\b",
    re.I,
)
_JAPANESE: Final = re.compile("[\u3000-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+")
_SYMBOLS: Final = re.compile(r"[^\w\s.,;:!?'\"()&%$/–—-]+|_+")
_DASH: Final = re.compile(r"(?<=[^\W\d_]{3})'(?!(?:all|til|cause|clock)\b)(?=[^\W\d_]{3})")  # AniList's copy lost them
_STRAIGHT: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "..."})


class Rule(StrEnum):
    """Why the comparison left a synopsis out."""

    GENRE = "unwanted genre"
    MUSIC_VIDEO = "music video or advertisement"
    NOT_ITS_OWN = "adaptation, spin-off or sequel"
    TOO_SHORT = "under 30 words"
    TOO_LONG = "over 300 words"


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield every anime that has a synopsis, as printed; its type stands last among its labels.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    found = [path for path in files(folder, "*.jsonl", "*.csv") if _is_ours(path)]
    if not found:
        raise MissingFileError(folder / "anime.csv")
    for path in found:
        rows = read_lines(path, ()) if path.suffix == ".jsonl" else read_table(path, ())
        for row in rows:
            anime = _anime(path, {name.strip().casefold(): value for name, value in row.items()})
            if anime.text.casefold() not in _UNTOLD:
                yield anime


def original(synopsis: Synopsis) -> Synopsis | Rule:
    """Return ``synopsis`` as the comparison trained on it, or the rule that left it out."""
    labels = {label.casefold() for label in synopsis.labels}
    if labels & _UNWANTED_GENRES:
        return Rule.GENRE
    if (synopsis.labels and synopsis.labels[-1].casefold() in _NO_STORY) or _tagged_as_advert(synopsis):
        return Rule.MUSIC_VIDEO
    text = clean(synopsis.text)
    if _NOT_ITS_OWN.search(text) or _LATER_SEASON.search(synopsis.title):
        return Rule.NOT_ITS_OWN
    words = len(text.split())
    if not MIN_WORDS <= words <= MAX_WORDS:
        return Rule.TOO_SHORT if words < MIN_WORDS else Rule.TOO_LONG
    return replace(synopsis, text=text)


def clean(text: str) -> str:
    """Return ``text`` without credits ("(Source: …)", "[Written by …]"), notes, symbols and Japanese, on one line."""
    told = _CREDIT.sub("", text.translate(_STRAIGHT))
    told = _SYMBOLS.sub(" ", _JAPANESE.sub(" ", _DASH.sub(" — ", told)))
    return re.sub(r"\s+([.,;:!?](?:\s|$))", r"\1", " ".join(re.sub(r"\(\s*\)", " ", told).split()))


def _tagged_as_advert(synopsis: Synopsis) -> bool:
    return any(keyword.casefold() in _NO_STORY for keyword in synopsis.keywords)


def _is_ours(path: Path) -> bool:
    names = {name.strip().casefold() for name in columns(path)}
    return all(names & set(_NAMES[column]) for column in _REQUIRED) and "overview" not in names


def _anime(path: Path, row: dict[str, Any]) -> Synopsis:
    missing = [column for column in _REQUIRED if not any(name in row for name in _NAMES[column])]
    if missing:
        raise MissingColumnsError(path, missing)
    title, kind = _cell(row, "title"), _cell(row, "type")
    year = re.search(r"\b(?:19|20)\d\d\b", _cell(row, "year"))
    return Synopsis(
        source=NAME,
        work=title,
        title=title,
        text=_cell(row, "synopsis"),
        labels=("Anime", *_list(row, "genres"), *([kind] if kind else [])),
        keywords=_list(row, "tags"),
        year=int(year[0]) if year else None,
    )


def _cell(row: dict[str, Any], column: str) -> str:
    found = (str(row[name]).strip() for name in _NAMES[column] if row.get(name))
    return next((cell for cell in found if cell.casefold() not in _UNTOLD), "")


def _list(row: dict[str, Any], column: str) -> tuple[str, ...]:
    """Return a list given as such, as Python writes one, or parted by commas."""
    cell = next((row[name] for name in _NAMES[column] if row.get(name)), ())
    parts = cell.strip("[] ").split(",") if isinstance(cell, str) else map(str, cell)
    bare = (part.strip(" '\"") for part in parts)
    return tuple(part for part in bare if part.casefold() not in _UNTOLD)


SOURCE: Final = LookedInto(
    name=NAME,
    about="synopses of anime",
    licence="none stated; AniList's and MyAnimeList's",
    publishable=False,
    files=("*.jsonl|*.csv",),
    holds=lambda folder: any(_is_ours(path) for path in files(folder, "*.jsonl", "*.csv")),
    read=read,
    by_hand=(
        "Download a table of MyAnimeList from Kaggle that has title, type, genres and synopsis (for example "
        "marlesson/myanimelist-dataset-animes-profiles-reviews) and put its anime table into the folder."
    ),
)
