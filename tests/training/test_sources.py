import csv
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.training.invented import library
from training.archives import extract
from training.sources import base, first_names, known, titles
from training.sources.base import (
    BrokenLineError,
    DataSet,
    EncodingError,
    MissingColumnsError,
    MissingFileError,
    SourceError,
    TruncatedArchiveError,
    WebPageError,
    read_lines,
    read_table,
)

NAMES = Path(__file__).parents[2] / "../shared/data/ssa-names.tar.xz"


@pytest.mark.parametrize("name", known())
def test_every_source_tells_a_person_what_it_is_and_how_to_get_it(name: str) -> None:
    source = known()[name]
    assert source.about
    assert source.licence
    assert source.files
    assert source.downloads or source.by_hand


@pytest.mark.parametrize("name", known())
def test_every_source_refuses_an_empty_folder(name: str, tmp_path: Path) -> None:
    source = known()[name]
    assert not source.is_in(tmp_path)
    with pytest.raises(SourceError):
        list(source.read(tmp_path))


def test_lists_of_names_and_titles_refuse_a_folder_without_them(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        first_names.by_decade(tmp_path)
    with pytest.raises(MissingFileError):
        list(titles.read(tmp_path))


def test_a_data_set_is_recognised_by_all_its_files_or_what_stands_for_them(tmp_path: Path) -> None:
    data_set = DataSet(name="x", about="", licence="", publishable=True, files=("a.csv", "b.csv|b-*.txt"))
    (tmp_path / "a.csv").touch()
    assert not data_set.is_in(tmp_path)
    (tmp_path / "b-1.txt").touch()
    assert data_set.is_in(tmp_path)


def test_a_table_without_a_column_names_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("title,type,cast\nA,B,C\n")
    with pytest.raises(MissingColumnsError) as caught:
        list(read_table(tmp_path / "t.csv", ("title", "director", "description")))
    assert caught.value.columns == ("director", "description")


def test_an_empty_table_lacks_every_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    with pytest.raises(MissingColumnsError):
        list(read_table(tmp_path / "t.csv", ("title",)))


def test_json_lines_without_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"author": "Nobody", "play": "Nothing"}\n')
    with pytest.raises(MissingColumnsError, match="speaker"):
        list(read_lines(tmp_path / "t.jsonl", ("author", "speaker")))


def test_a_title_may_hold_quotation_marks_of_its_own(tmp_path: Path) -> None:
    table = tmp_path / "titles.tsv"
    table.write_text('key\ttitle\nx\t"Wild" Card\ny\tPlain\n')
    assert list(titles.read(table)) == ['"Wild" Card', "Plain"]


def test_a_table_may_begin_with_a_mark_and_have_blank_short_and_long_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('title,year\nA\n\n"B\nb",1,2\n', "utf-8-sig")
    rows = list(read_table(tmp_path / "t.csv", ("title",)))
    assert rows == [{"title": "A", "year": ""}, {"title": "B\nb", "year": "1"}]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("title,year\nA,1\nB", 3),  # the download broke off between two cells
        ('title,year\nA,1\nB,"19', 3),  # … inside quotation marks
        ('title,year\nA,1\n"B,2\nC,3\nD,4\n', 3),  # one mark too many swallows what follows
        ("title,year\nA,1\nB\0,2\n", 3),
    ],
)
def test_a_broken_table_names_the_line(tmp_path: Path, content: str, line: int) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(BrokenLineError) as caught:
        list(read_table(tmp_path / "t.csv", ("title",)))
    assert (caught.value.path, caught.value.line) == (tmp_path / "t.csv", line)


def test_a_table_whole_to_its_last_letter_needs_no_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('title,year\nA,1\n"B",""')
    assert len(list(read_table(tmp_path / "t.csv", ("title",)))) == 2


def test_a_cell_without_end_names_the_line_where_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST_FIELD", 100)
    before = csv.field_size_limit()
    (tmp_path / "t.csv").write_text('title\nA\n"' + "goat\n" * 50 + '"\n')
    with pytest.raises(BrokenLineError) as caught:
        list(read_table(tmp_path / "t.csv", ("title",)))
    csv.field_size_limit(before)
    assert caught.value.line == 3


@pytest.mark.parametrize("content", ['{"a": 1}\n{"a": ', '{"a": 1}\n[1]\n', '{"a": 1}\n7\n', '{"a": 1}\n{"a": "\0"}\n'])
def test_a_broken_json_line_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.jsonl").write_text(content)
    with pytest.raises(BrokenLineError) as caught:
        list(read_lines(tmp_path / "t.jsonl", ("a",)))
    assert caught.value.line == 2


def test_json_nested_without_end_is_a_broken_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("[" * 200_000)
    with pytest.raises(BrokenLineError):
        list(read_lines(tmp_path / "t.jsonl", ()))


def test_a_wrong_encoding_is_named_with_its_place(tmp_path: Path) -> None:
    for name in ("t.csv", "t.jsonl"):
        (tmp_path / name).write_bytes("title\nKäse\n".encode("latin-1"))
    with pytest.raises(EncodingError) as caught:
        list(read_table(tmp_path / "t.csv", ("title",)))
    assert (caught.value.line, caught.value.offset) == (2, 7)
    with pytest.raises(EncodingError):
        list(read_lines(tmp_path / "t.jsonl", ()))


@pytest.mark.parametrize("page", ["<!DOCTYPE html>\n<html>", "  <html lang='en'>"])
def test_an_error_page_saved_as_data_is_called_a_web_page(tmp_path: Path, page: str) -> None:
    (tmp_path / "t.csv").write_text(page)
    with pytest.raises(WebPageError):
        list(read_table(tmp_path / "t.csv", ("title",)))
    with pytest.raises(WebPageError):
        list(read_lines(tmp_path / "t.csv", ("title",)))


def _years(folder: Path) -> Path:
    (folder / "yob1938.txt").write_text("Ada,F,30\nBob,M,20\nAda,M,5\n")
    (folder / "yob1939.txt").write_text("Ada,F,12\r\n")
    (folder / "yob2010.txt").write_text("Zoe,F,9\n")
    return folder


_BY_DECADE = {1930: {"F": {"Ada": 42}, "M": {"Bob": 20, "Ada": 5}}, 2010: {"F": {"Zoe": 9}, "M": {}}}


def test_names_as_published_are_summed_by_decade(tmp_path: Path) -> None:
    assert first_names.by_decade(_years(tmp_path)) == _BY_DECADE


def test_names_may_stay_packed(tmp_path: Path) -> None:
    years = _years(tmp_path)
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as packed:
        packed.writestr("NationalReadMe.pdf", b"%PDF")
        for file in sorted(years.glob("yob*")):
            packed.write(file, file.name)
            file.unlink()
    assert first_names.DATA_SET.is_in(tmp_path)
    assert first_names.by_decade(tmp_path) == _BY_DECADE


def test_half_an_archive_of_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "names.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(TruncatedArchiveError):
        first_names.by_decade(tmp_path)


def test_an_archive_without_names_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as packed:
        packed.writestr("readme.txt", "nothing here")
    with pytest.raises(MissingFileError):
        first_names.by_decade(tmp_path)


@pytest.mark.parametrize("row", ["Bob,X,20", "Bob,M", "Bob,M,many", ",M,3"])
def test_a_row_that_is_no_name_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "yob1938.txt").write_text(f"Ada,F,30\n{row}\n")
    with pytest.raises(BrokenLineError) as caught:
        first_names.by_decade(tmp_path)
    assert caught.value.line == 2


def test_sums_tell_the_decades_before_and_after_1940(tmp_path: Path) -> None:
    rows = "name,sex,count_1940_2010,count_1880_2010\nAda,F,10,40\nZoe,F,9,9\nBob,M,0,7\n"
    (tmp_path / first_names.FILE).write_text(rows)
    decades = first_names.by_decade(tmp_path)
    assert list(decades) == list(range(1880, 2020, 10))
    assert all(decades[decade] == {"F": {"Ada": 30}, "M": {"Bob": 7}} for decade in range(1880, 1940, 10))
    assert all(decades[decade] == {"F": {"Ada": 10, "Zoe": 9}, "M": {}} for decade in range(1940, 2020, 10))


def test_sums_from_1940_alone_tell_nothing_of_before(tmp_path: Path) -> None:
    decades = first_names.by_decade(library(tmp_path) / "ssa-names")
    assert min(decades) == 1940
    assert decades[1990]["M"]["Igor"] == 100


def test_a_sum_that_is_no_number_is_named(tmp_path: Path) -> None:
    (tmp_path / first_names.FILE).write_text("name,sex,count_1940_2010\nAda,F,10\nBob,M,?\n")
    with pytest.raises(BrokenLineError) as caught:
        first_names.by_decade(tmp_path)
    assert caught.value.line == 3


@pytest.mark.shared
def test_the_published_sums_cover_every_decade(tmp_path: Path) -> None:
    if not NAMES.is_file():
        pytest.skip("the team's data folder is not beside the checkout")
    extract(NAMES, tmp_path)
    decades = first_names.by_decade(tmp_path)
    assert all(later - earlier == 10 for earlier, later in pairwise(decades))
    assert decades[1880]["M"]["John"] > decades[1880]["F"]["John"]
    assert "Jayden" not in decades[1880]["M"]
    assert decades[2000]["M"]["Jayden"] > 100_000
