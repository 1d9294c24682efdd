"""Song lyrics as on Kaggle: two tables of artists and of songs in many languages, or any one table of songs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from training.records import Text
from training.sources.base import MissingColumnsError, MissingFileError, Source, read_rows, read_table

ARTISTS: Final = "artists-data.csv"
SONGS: Final = "lyrics-data.csv"
_COLUMNS: Final = {
    "artist": ("artist", "artist_name", "artists", "band", "singer", "performer"),
    "title": ("title", "song", "song_name", "song_title", "track", "track_name", "sname"),
    "lyrics": ("lyrics", "lyric", "text", "song_lyrics"),
}
_LANGUAGES: Final = ("language", "lang", "idiom")
_GENRES: Final = ("genre", "genres", "tag")
_ENGLISH: Final = frozenset({"en", "english"})
_WORD: Final = re.compile(r"\S+")

Row = Mapping[str, str]


def read(folder: Path, *, genre: str | None = None) -> Iterator[Text]:
    """Yield the English songs of ``folder`` that have words; with ``genre`` those that list it, in any case.

    Songs of a table that names no language are taken to be English.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    for row in _songs(folder):
        if _is_english(row) and _is_of(row, genre) and row["lyrics"].strip():
            work = f"{row['artist'].strip()} – {row['title'].strip()}"
            yield Text(source=SOURCE.name, work=work, text=row["lyrics"].strip())


def hold_out(text: str, words: int = 20) -> tuple[str, str] | None:
    """Return ``text`` as a beginning and its last ``words`` words, or None if it has fewer than twice as many.

    The two together are ``text`` to the letter. The white space between them begins the ending, so that a model
    continues after a whole word.
    """
    found = list(_WORD.finditer(text))
    if len(found) < 2 * words:
        return None
    cut = found[-words - 1].end()
    return text[:cut], text[cut:]


def _songs(folder: Path) -> Iterator[Row]:
    if (folder / SONGS).is_file():
        yield from _of_two_tables(folder)
        return
    tables = sorted(folder.glob("*.csv"))
    if not tables:
        raise MissingFileError(folder / SONGS)
    for table in tables:
        yield from _of_one_table(table)


def _of_two_tables(folder: Path) -> Iterator[Row]:
    artists = {row["Link"]: row for row in read_table(folder / ARTISTS, ("Artist", "Link", "Genres"))}
    for row in read_table(folder / SONGS, ("ALink", "SName", "Lyric")):
        song = {name.lower(): cell for name, cell in row.items()}
        if not set(_LANGUAGES) & set(song):
            raise MissingColumnsError(folder / SONGS, ("language",))
        artist = artists.get(row["ALink"], {})
        name = artist.get("Artist") or row["ALink"].strip("/").replace("-", " ")
        genres = f"{artist.get('Genre', '')};{artist.get('Genres', '')}"
        yield song | {"artist": name, "title": row["SName"], "lyrics": row["Lyric"], "genres": genres}


def _of_one_table(table: Path) -> Iterator[Row]:
    rows = read_rows(table)
    _, header = next(rows, (0, []))
    names = _renamed(table, header)
    for _, cells in rows:
        yield dict.fromkeys(names, "") | dict(zip(names, cells, strict=False))


def _renamed(table: Path, header: Sequence[str]) -> list[str]:
    """Return the header in lower case, the columns of ours called as we call them."""
    names = [name.strip().lower() for name in header]
    missing = []
    for ours, others in _COLUMNS.items():
        place = next((names.index(other) for other in others if other in names), None)
        if place is None:
            missing.append(ours)
        else:
            names[place] = ours
    if missing:
        raise MissingColumnsError(table, missing)
    return names


def _is_english(row: Row) -> bool:
    named = [row[column] for column in _LANGUAGES if column in row]
    return not named or any(language.strip().lower() in _ENGLISH for language in named)


def _is_of(row: Row, genre: str | None) -> bool:
    listed = ";".join(row.get(column, "") for column in _GENRES).lower()
    return genre is None or genre.strip().lower() in {part.strip() for part in re.split("[;,]", listed)}


SOURCE: Final = Source(
    name="lyrics",
    about="song lyrics of six genres, with the artists' genres and the language",
    licence="a scrape of vagalume.com.br; the lyrics are their authors': for research",
    publishable=False,
    files=("*[lL]yric*.csv",),
    read=read,
    by_hand=(
        "artists-data.csv and lyrics-data.csv from https://www.kaggle.com/datasets/neisse/scrapped-lyrics-from-6-genres"
        " (or any CSV file with the columns artist, title and lyrics)"
    ),
)
