"""Screenplays are read scene by scene, from our spider's file or from folders of text."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import screenplay
from model.screenplay import Direction, Heading, Turn
from tests.training.invented import library
from tests.training.typed import FLAT, INDENTED
from training.records import Line
from training.sources import imsdb
from training.sources.base import MissingColumnsError, MissingFileError


def test_scenes_are_opened_by_their_heading_and_keep_directions_apart(tmp_path: Path) -> None:
    row = {"title": "Brass Key, The", "genres": ["Drama"], "writers": [], "url": "u", "text": INDENTED}
    (tmp_path / imsdb.FILE).write_text(json.dumps(row) + "\n", encoding="utf-8")
    kitchen, garden = imsdb.read(tmp_path)
    assert (kitchen.source, kitchen.work, kitchen.title) == ("imsdb", "The Brass Key", "The Brass Key")
    assert kitchen.labels == ("Drama",)
    assert (kitchen.opening, garden.opening) == ("INT. KITCHEN - NIGHT", "EXT. GARDEN - DAY")
    assert kitchen.lines[1:3] == (
        Line(
            "ANNA",
            "Who was it that took the key from the drawer? Not the cat.",
            "Who was it that took the key from the drawer? (beat) Not the cat.",
        ),
        Line("BEN", "Forty-two.", "(whispering) Forty-two."),
    )
    assert garden.lines == (Line(None, "Ben digs."), Line(None, "A bell."))


def test_dedented_text_is_a_script_of_ours() -> None:
    typed = imsdb.dedent(INDENTED)
    assert typed.splitlines() == [
        "[INT. KITCHEN - NIGHT]",
        "(A lamp burns. ANNA, 40, puts the kettle on and looks at the door.)",
        "ANNA: Who was it that took the key from the drawer? (beat) Not the cat.",
        "BEN (whispering): Forty-two.",
        "ANNA: What did you say?",
        "[EXT. GARDEN - DAY]",
        "(Ben digs.)",
        "(A bell.)",
    ]
    assert sum(map(str.isspace, INDENTED)) / len(INDENTED) > 0.6
    assert sum(map(str.isspace, typed)) / len(typed) < 0.2


def test_text_files_have_their_genres_from_their_folders(tmp_path: Path) -> None:
    for shelf in ("Comedy", "Drama"):
        (tmp_path / "screenplays" / shelf).mkdir(parents=True)
        (tmp_path / "screenplays" / shelf / "Brass-Key,-The.txt").write_text(FLAT, encoding="utf-8")
    (tmp_path / "screenplays" / "Rain_on_Tuesday.txt").write_bytes(FLAT.replace("–", "-").encode("cp1252"))
    (tmp_path / "screenplays" / "Drama" / "Café.txt").write_bytes(FLAT.replace("bell", "café").encode("cp1252"))
    (tmp_path / "SOURCE.txt").write_text(FLAT, encoding="utf-8")
    (tmp_path / "screenplays" / "letter.txt").write_text("Dear all,\n\nnothing is typed here.\n", encoding="utf-8")
    scenes = list(imsdb.read(tmp_path))
    assert imsdb.SOURCE.is_in(tmp_path)
    assert {(scene.title, scene.labels) for scene in scenes} == {
        ("The Brass Key", ("Comedy", "Drama")),
        ("Rain on Tuesday", ()),
        ("Café", ("Drama",)),
    }
    assert len(scenes) == 6
    assert any(line.text == "A café." for scene in scenes for line in scene.lines)


def test_a_folder_without_screenplays_is_missing_its_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        list(imsdb.read(tmp_path))
    (tmp_path / imsdb.FILE).write_text('{"title": "x", "text": ""}\n', encoding="utf-8")
    with pytest.raises(MissingColumnsError) as raised:
        list(imsdb.read(tmp_path))
    assert raised.value.columns == ("genres", "writers", "url")


def test_other_data_sets_are_not_taken_for_screenplays(tmp_path: Path) -> None:
    assert not any(imsdb.SOURCE.is_in(folder) for folder in library(tmp_path / "all").iterdir())


@settings(deadline=None)
@given(st.text(st.sampled_from("ABab 19.:()[]*-\n\t\f\x00\ud800,é#'\"/INTEXT"), max_size=400))
def test_every_dedented_line_is_an_element_whatever_the_text(text: str) -> None:
    for line in imsdb.dedent(text).splitlines():
        assert isinstance(screenplay.read_line(line), Heading | Direction | Turn)
