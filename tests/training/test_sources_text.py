import codecs
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training.sources.base import BrokenLineError, EncodingError, MissingColumnsError, MissingFileError
from training.sources.text import (
    BinaryFileError,
    EmptyCorpusError,
    LooseCommaError,
    UnknownColumnError,
    UnknownEncodingError,
    read_texts,
)

Make = Callable[[str, str | bytes], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def texts(path: Path | str, column: str | None = None, delimiter: str | None = None) -> list[str]:
    return [text.text for text in read_texts(path, column=column, delimiter=delimiter)]


def test_a_text_file_is_one_document(make: Make) -> None:
    (text,) = read_texts(make("goat.txt", "A goat.\n\nIt sang.\n"))
    assert (text.source, text.work, text.text) == ("text", "goat.txt", "A goat.\n\nIt sang.\n")


def test_a_path_may_be_a_string(make: Make) -> None:
    assert texts(str(make("goat.txt", "A goat."))) == ["A goat."]


def test_a_delimiter_parts_the_documents_of_a_file(make: Make) -> None:
    path = make("goats.txt", "One goat.\n<|endoftext|>\nTwo goats.\n<|endoftext|>\n")
    documents = list(read_texts(path, delimiter="<|endoftext|>"))
    assert [document.text for document in documents] == ["One goat.", "Two goats."]
    assert [document.work for document in documents] == ["goats.txt 1", "goats.txt 2"]


def test_control_tokens_are_text_where_no_delimiter_is_given(make: Make) -> None:
    content = "One <|endoftext|> goat [CLS] </s> <|im_start|>system"
    assert texts(make("goat.txt", content)) == [content]


def test_a_folder_brings_its_text_files_at_any_depth_in_order(make: Make, tmp_path: Path) -> None:
    make("b/deep/two.md", "two")
    make("a.TXT", "one")
    make("b/three.csv", "text\nnot this")
    make(".git/notes.md", "nor this")
    assert [(text.work, text.text) for text in read_texts(tmp_path)] == [("a.TXT", "one"), ("b/deep/two.md", "two")]


def test_a_pattern_brings_what_it_matches(make: Make, tmp_path: Path) -> None:
    make("books/a/one.txt", "one")
    make("books/b/two.txt", "two")
    make("books/b/three.md", "three")
    found = list(read_texts(f"{tmp_path}/books/**/*.txt"))
    assert [(text.work, text.text) for text in found] == [("a/one.txt", "one"), ("b/two.txt", "two")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(make: Make) -> None:
    assert texts(make("draft [1].txt", "mine")) == ["mine"]


def test_blank_files_among_others_are_left_out(make: Make, tmp_path: Path) -> None:
    make("blank.txt", " \n\t\n")
    make("full.txt", "words")
    assert texts(tmp_path) == ["words"]


def test_a_one_column_table_brings_a_document_a_row(make: Make) -> None:
    path = make("songs.csv", 'text\n"First, with a comma\nand a second line"\nSecond\n\n" "\n')
    assert texts(path) == ["First, with a comma\nand a second line", "Second"]
    assert [text.work for text in read_texts(path)] == ["songs.csv 1", "songs.csv 2"]


def test_a_table_without_header_loses_no_row(make: Make) -> None:
    assert texts(make("songs.csv", "A goat sings\nIt rains\n")) == ["A goat sings", "It rains"]


def test_a_header_that_is_named_is_no_document(make: Make) -> None:
    assert texts(make("songs.csv", "Goat Songs\nIt rains\n"), column="Goat Songs") == ["It rains"]


def test_a_column_of_several_is_chosen_by_name(make: Make) -> None:
    assert texts(make("songs.csv", "id,words\n1,It rains\n2,It snows\n"), column="words") == ["It rains", "It snows"]


@pytest.mark.parametrize("column", [None, "lyrics"])
def test_a_table_of_several_columns_says_which_it_has(make: Make, column: str | None) -> None:
    with pytest.raises(UnknownColumnError) as caught:
        texts(make("songs.csv", "id,words\n1,It rains\n"), column=column)
    assert (caught.value.column, caught.value.columns) == (column, ("id", "words"))


def test_text_with_a_loose_comma_is_refused_before_half_of_it_is_lost(make: Make) -> None:
    with pytest.raises(LooseCommaError) as caught:
        texts(make("songs.csv", "text\nIt rains\nIt snows, again\n"))
    assert caught.value.line == 3


def test_a_document_longer_than_csv_allows_by_itself_is_read(make: Make) -> None:
    long = "goat " * 100_000
    assert texts(make("songs.csv", f'text\n"{long}"\n')) == [long]


def test_json_lines_bring_their_text(make: Make) -> None:
    path = make("songs.jsonl", '{"text": "one"}\n\n{"text": "two\\n"}')
    assert texts(path) == ["one", "two\n"]


def test_json_lines_may_call_their_text_otherwise(make: Make) -> None:
    assert texts(make("songs.jsonl", '{"body": "one"}\n'), column="body") == ["one"]


def test_json_lines_without_text_are_refused(make: Make) -> None:
    with pytest.raises(MissingColumnsError):
        texts(make("songs.jsonl", '{"body": "one"}\n'))
    with pytest.raises(UnknownColumnError):
        texts(make("more.jsonl", '{"text": 7, "body": "one"}\n'))


def test_half_a_json_line_is_named(make: Make) -> None:
    with pytest.raises(BrokenLineError) as caught:
        texts(make("songs.jsonl", '{"text": "one"}\n{"text": "tw'))
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "Käse\n".encode(),
        "Käse\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Käse\n".encode("utf-16-be"),
        "Käse\n".encode("utf-32"),
        "Käse\r\n".encode(),
    ],
)
def test_encodings_with_a_mark_and_any_line_end_read_the_same(make: Make, content: bytes) -> None:
    assert texts(make("cheese.txt", content)) == ["Käse\n"]
    assert texts(make("cheese.csv", content)) == ["Käse"]


def test_the_first_wrong_byte_is_named(make: Make) -> None:
    path = make("cheese.txt", codecs.BOM_UTF8 + b"Good.\n" + "Käse\n".encode("latin-1"))
    with pytest.raises(EncodingError) as caught:
        texts(path)
    assert (caught.value.path, caught.value.line, caught.value.offset) == (path, 2, 3 + 6 + 1)


def test_a_wrong_byte_is_found_behind_the_first_megabyte(make: Make) -> None:
    good = "ä" * 2**19 + "\n" + "é" * 5  # a character stands across the border of two blocks
    with pytest.raises(EncodingError) as caught:
        texts(make("cheese.txt", b"x" + good.encode() + b"\xff"))
    assert (caught.value.line, caught.value.offset) == (2, 1 + len(good.encode()))


def test_a_character_cut_at_the_end_is_named(make: Make) -> None:
    with pytest.raises(EncodingError) as caught:
        texts(make("cheese.txt", "Käs".encode()[:2]))
    assert caught.value.offset == 1


def test_an_encoding_can_be_given(make: Make) -> None:
    path = make("cheese.txt", "Käse".encode("cp1252"))
    assert [text.text for text in read_texts(path, encoding="cp1252")] == ["Käse"]
    marked = make("marked.txt", codecs.BOM_UTF8 + b"plain")
    assert [text.text for text in read_texts(marked, encoding="UTF8")] == ["plain"]


@pytest.mark.parametrize("encoding", ["utf-99", "hex"])
def test_an_unknown_encoding_is_refused(make: Make, encoding: str) -> None:
    with pytest.raises(UnknownEncodingError, match=encoding):
        list(read_texts(make("cheese.txt", "x"), encoding=encoding))


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00", b"\x89PNG\r\n\x1a\n\x00\xff", "Käse".encode("utf-16-le")])
def test_a_binary_file_is_refused(make: Make, content: bytes) -> None:
    with pytest.raises(BinaryFileError):
        texts(make("cheese.txt", content))


@pytest.mark.parametrize(("name", "content"), [("a.txt", ""), ("a.txt", " \n\n"), ("a.csv", "text\n"), ("a.jsonl", "")])
def test_an_empty_corpus_is_refused(make: Make, name: str, content: str) -> None:
    path = make(name, content)
    with pytest.raises(EmptyCorpusError) as caught:
        texts(path)
    assert caught.value.path == path


def test_a_folder_without_text_is_an_empty_corpus(make: Make, tmp_path: Path) -> None:
    make("picture.png", b"\x89PNG")
    with pytest.raises(EmptyCorpusError):
        texts(tmp_path)


def test_a_path_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.txt", tmp_path / "*.txt"):
        with pytest.raises(MissingFileError):
            texts(path)


def test_one_giant_line_is_read(make: Make) -> None:
    line = "goat " * 2_000_000
    assert texts(make("line.txt", line)) == [line]
    assert texts(make("line.jsonl", json.dumps({"text": line}))) == [line]
