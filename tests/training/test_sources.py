from pathlib import Path

import pytest

from tests.training.invented import library
from training.sources import first_names, plays, prose, streaming, titles
from training.sources.base import MissingColumnsError, MissingFileError


def test_a_folder_without_its_file_is_refused(tmp_path: Path) -> None:
    for read in (first_names.read, plays.read, prose.read, streaming.read, titles.read):
        with pytest.raises(MissingFileError):
            list(read(tmp_path))


def test_a_table_without_a_column_names_it(tmp_path: Path) -> None:
    (tmp_path / "bad_titles.csv").write_text("title,type,cast\nA,B,C\n")
    with pytest.raises(MissingColumnsError) as caught:
        list(streaming.read(tmp_path))
    assert caught.value.columns == ("director", "listed_in", "description")


def test_json_lines_without_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / plays.FILE).write_text('{"author": "Nobody", "play": "Nothing"}\n')
    with pytest.raises(MissingColumnsError, match="speaker"):
        list(plays.read(tmp_path))


def test_a_play_comes_whole_with_its_scenes_and_directions(tmp_path: Path) -> None:
    first, *others = plays.read(library(tmp_path) / "plays")
    assert (first.author, first.title, len(first.scenes), len(others)) == ("Nobody", "The Brass Key", 2, 2)
    assert first.scenes[0][0].speaker is None
    assert first.scenes[0][1].noted.startswith("(quietly)")


def test_a_listing_knows_its_people_and_labels(tmp_path: Path) -> None:
    rows = [
        "title,type,director,cast,listed_in,description",
        'Up There,Movie,Ann Roe,"Bo Li, Cy Dee","Kids, Sports",Told.',
    ]
    (tmp_path / "x_titles.csv").write_text("\n".join(rows) + "\n")
    (listing,) = streaming.read(tmp_path)
    assert listing.labels == ("Kids", "Sports")
    assert listing.people == ("Bo Li", "Cy Dee", "Ann Roe")


def test_a_title_may_hold_quotation_marks_of_its_own(tmp_path: Path) -> None:
    table = tmp_path / "titles.tsv"
    table.write_text('key\ttitle\nx\t"Wild" Card\ny\tPlain\n')
    assert list(titles.read(table)) == ['"Wild" Card', "Plain"]


def test_names_come_with_sex_and_count(tmp_path: Path) -> None:
    first = next(first_names.read(library(tmp_path) / "ssa-names"))
    assert (first.name, first.sex, first.count) == ("Alice", "F", 100)
