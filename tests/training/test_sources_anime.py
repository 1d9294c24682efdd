import json
from pathlib import Path

import pytest

from training import cleaning
from training.records import Synopsis
from training.sources import anime
from training.sources.anime import Rule
from training.sources.base import MissingColumnsError, MissingFileError

TOLD = (
    "Mina repairs broken kites in a harbor town where nobody dares to look at the sky. When a paper bird with her dead "
    "brother's handwriting lands on her bench, she must climb the forbidden tower before the wind dies."
)


def one(text: str = TOLD, *labels: str, title: str = "Kite Weather", keywords: tuple[str, ...] = ()) -> Synopsis:
    return Synopsis(
        source=anime.NAME,
        work=title,
        title=title,
        text=text,
        labels=labels or ("Anime", "Drama", "TV"),
        keywords=keywords,
    )


def test_json_lines_of_anilist_are_read_with_tags_year_and_type(tmp_path: Path) -> None:
    row = {
        "title": "Kite Weather",
        "type": "TV",
        "year": "2025",
        "genres": ["Drama"],
        "tags": ["Kites"],
        "synopsis": TOLD,
    }
    (tmp_path / "anilist.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({**row, "synopsis": ""}) + "\n")
    (found,) = anime.read(tmp_path)
    assert (found.labels, found.keywords, found.year) == (("Anime", "Drama", "TV"), ("Kites",), 2025)


@pytest.mark.parametrize(
    ("header", "genres"),
    [
        ("uid,title,synopsis,genre", "\"['Drama', 'Fantasy']\""),
        ("MAL_ID,Name,sypnopsis,Genres", '"Drama, Fantasy"'),
        ("anime_id,Title,Synopsis,Genres", '"Drama, Fantasy"'),
    ],
)
def test_every_published_table_of_myanimelist_is_read(tmp_path: Path, header: str, genres: str) -> None:
    (tmp_path / "animes.csv").write_text(f'{header}\n7,Kite Weather,"{TOLD}",{genres}\n8,Untold,Unknown,Drama\n')
    (found,) = anime.read(tmp_path)
    assert (found.title, found.text, found.labels) == ("Kite Weather", TOLD, ("Anime", "Drama", "Fantasy"))
    assert anime.SOURCE.is_in(tmp_path)


def test_a_folder_without_synopses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("user,anime,rating\n1,2,3\n")
    assert not anime.SOURCE.is_in(tmp_path)
    with pytest.raises(MissingFileError):
        list(anime.read(tmp_path))


def test_a_later_row_without_a_column_is_named(tmp_path: Path) -> None:
    rows = [{"title": "A", "genres": [], "synopsis": TOLD}, {"title": "B", "genres": []}]
    (tmp_path / "anime.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(MissingColumnsError) as caught:
        list(anime.read(tmp_path))
    assert caught.value.columns == ("synopsis",)


@pytest.mark.parametrize(
    "credit",
    [
        "(Source: Nobody)",
        "[Written by MAL Rewrite]",
        "(Source: Nobody (edited))",
        "Note: shown a week early.",
        "(Source: No",
    ],
)
def test_credits_and_notes_are_cut(credit: str) -> None:
    assert anime.clean(f"{TOLD} {credit}") == TOLD


def test_symbols_and_japanese_are_stripped() -> None:
    assert anime.clean("Mina ★ flies (凧の天気) away ♪.") == "Mina flies away."


def test_a_lost_dash_comes_back_and_contractions_stay() -> None:
    assert anime.clean("She can't leave it'even the sea'Asa knows.") == "She can't leave it'even the sea — Asa knows."


@pytest.mark.parametrize(
    ("synopsis", "rule"),
    [
        (one("Mina repairs kites."), Rule.TOO_SHORT),
        (one(" ".join([TOLD] * 9)), Rule.TOO_LONG),
        (one(f"An adaptation of the manga. {TOLD}"), Rule.NOT_ITS_OWN),
        (one(f"A spin-off about Mina's aunt. {TOLD}"), Rule.NOT_ITS_OWN),
        (one(f"The second season of Kite Weather. {TOLD}"), Rule.NOT_ITS_OWN),
        (one(title="Kite Weather Season 2"), Rule.NOT_ITS_OWN),
        (one(title="Kite Weather 3rd Season"), Rule.NOT_ITS_OWN),
        (one(TOLD, "Anime", "Music"), Rule.MUSIC_VIDEO),
        (one(TOLD, keywords=("Advertisement",)), Rule.MUSIC_VIDEO),
        (one(TOLD, "Anime", "Hentai", "OVA"), Rule.GENRE),
    ],
)
def test_each_rule_of_the_comparison_leaves_its_synopses_out(synopsis: Synopsis, rule: Rule) -> None:
    assert anime.original(synopsis) is rule
    assert cleaning.judged(synopsis) is cleaning.Refusal.NOT_ITS_OWN


def test_what_stands_on_its_own_is_kept_whole() -> None:
    kept = anime.original(one(f"{TOLD} (Source: Nobody)", "Anime", "Music", "TV"))
    assert isinstance(kept, Synopsis)
    assert kept.text == TOLD


def test_a_clean_anime_is_a_show() -> None:
    show = cleaning.show_of(
        one(f"{TOLD} (Source: Nobody)", "Anime", "Slice of Life", "TV", keywords=("Kites", "Shounen"))
    )
    assert show
    assert (show.summary, show.genres, show.themes) == (TOLD, ("anime", "drama"), ("kites",))
