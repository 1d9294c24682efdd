import csv
import json
import logging
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from training import mending
from training.cleaning import Show, judged
from training.sources import anime, keywords, known, movies, streaming, wikipedia
from training.sources.base import BrokenLineError, MissingColumnsError, MissingFileError, Source

SHARED = Path(__file__).parents[2] / "../shared/data"
TOLD = "A shy diver finds a singing shell and must return it to the sea before the storm takes the village."
GENRES = "[{'id': 18, 'name': 'Drama'}, {'id': 14, 'name': 'Fantasy'}]"


def write_movies(folder: Path, rows: Iterable[list[str]]) -> None:
    with (folder / movies.FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(movies.COLUMNS), *rows])


def row(title: str, *, number: str = "7", adult: str = "False", genres: str = GENRES, told: str = TOLD) -> list[str]:
    return [adult, genres, number, told, "1995-10-30", title]


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def film(title: str, **changed: object) -> dict[str, Any]:
    about = {"release_date": "2001-05-06", "genres": ["Drama"], "overview": TOLD, "keywords": ["sea"], "adult": "False"}
    return {"title": title, **about, **changed}


def article(title: str, **changed: object) -> dict[str, Any]:
    about = {"year": 1956, "genres": ["Western"], "extract": f"{title} is a film. {TOLD}", "plot_guess": None}
    return {"title": title, "href": title.replace(" ", "_"), **about, **changed}


@pytest.mark.parametrize("source", [movies.SOURCE, keywords.SOURCE, wikipedia.SOURCE, anime.SOURCE, streaming.SOURCE])
def test_an_empty_folder_is_refused_and_not_recognised(tmp_path: Path, source: Source) -> None:
    assert not source.is_in(tmp_path)
    with pytest.raises(MissingFileError):
        list(source.read(tmp_path))


def test_every_synopsis_source_is_known_by_the_name_of_its_data() -> None:
    assert {"anime", "streaming", "the-movies-dataset", "tmdb-keywords", "wikipedia-movies"} <= known().keys()


def test_films_come_with_genres_year_and_the_keywords_of_the_companion_file(tmp_path: Path) -> None:
    write_movies(tmp_path, [row("The Singing Shell")])
    (tmp_path / movies.KEYWORDS_FILE).write_text("id,keywords\n7,\"[{'id': 1, 'name': 'jealousy'}]\"\n")
    (found,) = movies.read(tmp_path)
    assert (found.labels, found.year, found.keywords) == (("Drama", "Fantasy"), 1995, ("jealousy",))


def test_a_part_of_the_movies_dataset_is_recognised_in_a_folder_of_any_name(tmp_path: Path) -> None:
    write_movies(tmp_path, [row("A")])
    assert [name for name, source in known().items() if source.is_in(tmp_path)] == ["the-movies-dataset"]


def test_films_for_adults_and_without_an_overview_are_left_out(tmp_path: Path) -> None:
    write_movies(tmp_path, [row("A", adult="True"), row("B", told="No overview found."), row("C", told=" "), row("D")])
    assert [found.title for found in movies.read(tmp_path)] == ["D"]


def test_rows_torn_by_a_line_break_are_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (tmp_path / movies.FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(movies.COLUMNS)
        writer.writerow(row("Whole"))
        file.write("False,\"[{'id': 18, 'name': 'Drama'}]\",8,A diver loses\r\n")
        file.write(" - and finds a shell.,0.06,1997-08-20,104.0\r\n")
        writer.writerow(row("Not a list", genres="[{'id': 18, 'name':"))
        writer.writerow(row("Whole too"))
    with caplog.at_level(logging.WARNING):
        assert [found.title for found in movies.read(tmp_path)] == ["Whole", "Whole too"]
    assert "3 broken rows" in caplog.text


def test_keywords_of_tmdb_are_read_and_films_for_adults_left_out(tmp_path: Path) -> None:
    write_lines(tmp_path / keywords.FILE, [film("A"), film("B", adult="True"), film("C", overview=None, keywords=None)])
    first, second = keywords.read(tmp_path)
    assert (first.title, first.keywords, first.year) == ("A", ("sea",), 2001)
    assert (second.text, second.keywords) == ("", ())


def test_the_table_of_imdb_has_keywords_and_no_text(tmp_path: Path) -> None:
    header = "director_name,genres,actor_1_name,movie_title,plot_keywords,title_year"
    line = "Ann Roe,Action|Sci-Fi,Bo Li,The Singing Shell\xa0,sea|singing shell,2009"
    (tmp_path / "movie_metadata.csv").write_text(f"{header}\n{line}\n,,,Later,,\n", encoding="utf-8")
    first, second = keywords.read(tmp_path)
    assert keywords.SOURCE.is_in(tmp_path)
    assert (first.title, first.labels, first.keywords) == (
        "The Singing Shell",
        ("Action", "Sci-Fi"),
        ("sea", "singing shell"),
    )
    assert (first.people, first.year, first.text) == (("Ann Roe", "Bo Li"), 2009, "")
    assert (second.keywords, second.year) == ((), None)


def test_what_tells_the_plot_is_taken_where_it_is_known(tmp_path: Path) -> None:
    rows = [article("Tin Moon", plot_guess=TOLD), article("Rain"), article("Mist", extract=None)]
    write_lines(tmp_path / wikipedia.FILE, rows)
    first, second = wikipedia.read(tmp_path)
    assert (first.text, first.year) == (TOLD, 1956)
    assert second.text == f"Rain is a film. {TOLD}"
    assert wikipedia.article(first) == "https://en.wikipedia.org/wiki/Tin_Moon"


def test_genres_that_an_article_does_not_list_are_taken_from_its_first_sentence(tmp_path: Path) -> None:
    lead = f"Tin Moon is a 1956 American drama/action film directed by Ann Roe. {TOLD}"
    write_lines(tmp_path / wikipedia.FILE, [article("Tin Moon", genres=[], extract=lead)])
    (found,) = wikipedia.read(tmp_path)
    assert found.labels == ("1956 American drama/action",)


def test_the_published_decades_are_read_with_their_cast(tmp_path: Path) -> None:
    (tmp_path / "movies-1950s.json").write_text(json.dumps([article("Tin Moon", cast=["Bo Li", "Cy"])]))
    (tmp_path / "movies-1960s.json").write_text(json.dumps([{"title": "Rain", "year": 1961, "cast": [], "genres": []}]))
    (found,) = wikipedia.read(tmp_path)
    assert wikipedia.SOURCE.is_in(tmp_path)
    assert (found.title, found.people) == ("Tin Moon", ("Bo Li",))


def test_a_decade_cut_off_or_without_titles_is_refused(tmp_path: Path) -> None:
    decade = tmp_path / "movies-1950s.json"
    decade.write_text('[{"title": "Tin Mo')
    with pytest.raises(BrokenLineError):
        list(wikipedia.read(tmp_path))
    decade.write_text('[{"name": "Tin Moon"}]')
    with pytest.raises(MissingColumnsError):
        list(wikipedia.read(tmp_path))


def test_files_called_alike_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
    write_lines(tmp_path / "a" / "movies.jsonl", [film("A")])
    write_lines(tmp_path / "b" / "movies.jsonl", [article("B")])
    sources = (keywords.SOURCE, wikipedia.SOURCE, anime.SOURCE)
    assert [source.is_in(tmp_path / "a") for source in sources] == [True, False, False]
    assert [source.is_in(tmp_path / "b") for source in sources] == [False, True, False]


def test_a_folder_of_something_else_is_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "movies.jsonl").write_text("no json")
    (tmp_path / "table.csv").write_bytes(b"\xff\xfe\x00")
    assert not any(source.is_in(tmp_path) for source in (keywords.SOURCE, wikipedia.SOURCE, anime.SOURCE))


def test_a_catalogue_row_is_a_synopsis_with_its_year(tmp_path: Path) -> None:
    header = "title,type,director,cast,listed_in,description,release_year"
    (tmp_path / "x_titles.csv").write_text(f'{header}\nUp There,Movie,Ann Roe,"Bo Li, Cy Dee",Dramas,{TOLD},2018\n')
    (found,) = streaming.read(tmp_path)
    assert (found.title, found.people, found.year) == ("Up There", ("Bo Li", "Cy Dee", "Ann Roe"), 2018)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("packed", "source", "least"), [("anime", anime.SOURCE, 300), ("the-movies-dataset-part", movies.SOURCE, 2400)]
)
def test_real_synopses_become_shows_without_a_trace_of_a_catalogue(
    tmp_path: Path, packed: str, source: Source, least: int
) -> None:
    archive = SHARED / f"{packed}.tar.xz"
    if not archive.exists():
        pytest.skip("no shared data beside the checkout")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    found = [judged(record) for record in source.read(tmp_path / packed)]  # type: ignore[arg-type] # all synopses
    shows = [show for show in found if isinstance(show, Show)]
    assert len(shows) >= least
    assert not [s for s in shows if mending.artefacts(s.title, is_title=True) or mending.artefacts(s.summary)]
