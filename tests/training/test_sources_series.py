import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.training.invented import library
from training.records import Line
from training.sources import avatar, office, plays, prose


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def line(character: str, text: str = "Hm.", noted: str | None = None, **changed: object) -> dict[str, Any]:
    about = {"season": 2, "episode": 3, "episode_name": "The Stapler (Parts 1&2)"}
    return {**about, "character": character, "text": text, "text_w_direction": noted, **changed}


def write_office(folder: Path, *rows: Mapping[str, Any]) -> Path:
    write_lines(folder / office.LINES, rows)
    (folder / office.EPISODES).write_text(
        "Season,EpisodeTitle,About,Date\n2,The Staplers: Part 1,It is lost.,1 May 2006\n"
        "2,The Staplers: Part 2,It is found.,8 May 2006\n"
    )
    return folder


def test_scenes_end_where_the_company_changes(tmp_path: Path) -> None:
    cast = ["Ann", "Bo"] * 4 + ["Cy", "Dee"] * 4
    scenes = list(office.read(write_office(tmp_path, *map(line, cast))))
    assert [sorted({one.speaker or "" for one in scene.lines}) for scene in scenes] == [["Ann", "Bo"], ["Cy", "Dee"]]
    assert (scenes[0].title, scenes[0].summary) == ("The Stapler", "It is lost. It is found.")
    assert (scenes[0].work, scenes[0].year) == ("The Office s02e03", 2006)


def test_a_character_has_one_spelling(tmp_path: Path) -> None:
    rows = [line("Ann"), line("Ann"), line("A nn "), line("ANN [on phone]", noted="[/b] Hm.")]
    (scene,) = office.read(write_office(tmp_path, *rows))
    assert {one.speaker for one in scene.lines} == {"Ann"}
    assert scene.lines[-1].noted == "Hm."


def test_a_description_that_changes_the_scene_opens_one(tmp_path: Path) -> None:
    about = {"book_num": 1, "chapter": "The Well", "chapter_num": 2}
    told = [
        ("Scene Description", "As the title card fades, we see a well."),
        ("Ann", "Deep. [Leans over.]"),
        ("Scene Description", "Ann falls in. The scene changes to a kitchen."),
        ("Bo", "Soup?"),
    ]
    rows = [{**about, "character": who, "full_text": text, "character_words": text[:5]} for who, text in told]
    write_lines(tmp_path / avatar.FILE, rows)
    first, second = avatar.read(tmp_path)
    assert first.lines == (Line("Ann", "Deep.", "Deep. [Leans over.]"), Line(None, "Ann falls in."))
    assert (second.opening, second.work) == ("The scene changes to a kitchen.", "Avatar s01e02")


def test_two_translations_of_a_play_are_one_work_and_shakespeare_is_optional(tmp_path: Path) -> None:
    row = {"author": "A (tr. T)", "act": None, "scene": None, "text_with_note": None}
    rows = [{**row, "play": play, "speaker": "Bo", "text": "Hm."} for play in ("The Boor", "The Bear")]
    write_lines(tmp_path / plays.FILE, rows)
    (tmp_path / plays.INDEX).write_text("play\tauthor\ttranslator\tyear\nThe Boor\tA\tT\t1888\n")
    assert [(s.work, s.title, s.year) for s in plays.scenes(tmp_path)] == [
        ("The Bear", "The Boor", 1888),
        ("The Bear", "The Bear", None),
    ]
    write_lines(tmp_path / plays.SHAKESPEARE, [{**rows[0], "play": "The Comedy"}])
    assert [scene.title for scene in plays.scenes(tmp_path)][-1] == "The Comedy"


def test_what_stands_before_the_first_speech_of_a_play_is_the_opening(tmp_path: Path) -> None:
    first = next(plays.scenes(library(tmp_path) / "plays"))
    assert first.opening == "(SCENE. A kitchen at night. A lamp burns.)"
    assert first.lines[0].speaker == "Mrs. Quill"
    assert next(prose.texts(tmp_path / "prose")).work == "The Long Room"
