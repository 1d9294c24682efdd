"""Screenplays in every layout we know become the same scenes."""

import json
from pathlib import Path
from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import screenplay
from model.screenplay import Direction, Heading, Turn
from tests.training.invented import library
from training import layout
from training.layout import Action, Element, Slug, Speech, marks
from training.records import Line
from training.sources import imsdb
from training.sources.base import MissingColumnsError, MissingFileError

INDENTED = """\
                              THE BRASS KEY

                                Written by

                                  Nobody

                          Third draft, May 1931


     FADE IN:

 1   INT. KITCHEN - NIGHT                                           1

     A lamp burns. ANNA (40) puts the kettle on and
     looks at the door.

                                   ANNA (V.O.)
                    Who was it that took the key
                    from the drawer?
                              (beat)
                    Not the cat.

                                   BEN
                              (whispering)
                    Forty-
                    two.

                                   ANNA
                    What
                                   (MORE)

                                                         (CONTINUED)

     THE BRASS KEY - Rev. 5/3/31                                    2.

 1   CONTINUED: (2)                                                 1

                                   ANNA (CONT'D)
                         (continuing)
                    did you say?                                  *

                                                            CUT TO:

 2   EXT. GARDEN -- DAY                                             2

     Ben digs.

     THE BRASS KEY - Rev. 5/3/31                                    3.

     A bell.

     THE BRASS KEY - Rev. 5/3/31                                    4A.
"""

FLAT = """\
INT. KITCHEN - NIGHT

A lamp burns. ANNA (40) puts the kettle on and looks at the door.

ANNA (V.O.)
Who was it that took the key
from the drawer?
(beat)
Not the cat.

BEN
(whispering)
Forty-two.

ANNA (CONT'D)
What did you say?

CUT TO:

EXT. GARDEN – DAY

Ben digs.

A bell.

THE END
"""

INLINE = """\
1. Interior: Kitchen - Night
INT KITCHEN - NIGHT

A lamp burns. ANNA (40) puts the kettle on and looks at the door.

ANNA (V.O.): Who was it that took the key from the drawer? (beat) Not the cat.

BEN (whispering): Forty-two.

ANNA: What did you say?

EXTERIOR: GARDEN - DAY

Ben digs.

A bell.
"""

TABBED = "\r\n".join(
    [
        "INT. KITCHEN - NIGHT",
        "",
        "A lamp burns. ANNA (40) puts the kettle on and",
        "looks at the door.",
        "",
        "\t\t\tANNA V.O.",
        "\tWho was it that took the key",
        "\tfrom the drawer?",
        "\t\t(beat)",
        "\tNot the cat.",
        "",
        "\t\t\tBEN",
        "\t\t(whispering)",
        "\tForty-two.",
        "",
        "\t\t\tANNA",
        "\tWhat did you say?",
        "",
        "EXT. GARDEN - DAY",
        "",
        "Ben digs.",
        "",
        "A bell.",
    ]
)

DOUBLE = "\n".join(line for typed in INDENTED.splitlines() for line in (typed, ""))

THE_SAME: list[Element] = [
    Slug("INT. KITCHEN - NIGHT"),
    Action("A lamp burns. ANNA (40) puts the kettle on and looks at the door."),
    Speech("ANNA", "Who was it that took the key from the drawer? (beat) Not the cat."),
    Speech("BEN", "(whispering) Forty-two."),
    Speech("ANNA", "What did you say?"),
    Slug("EXT. GARDEN - DAY"),
    Action("Ben digs."),
    Action("A bell."),
]

LAYOUTS = {"indented": INDENTED, "flat": FLAT, "inline": INLINE, "tabbed": TABBED, "double-spaced": DOUBLE}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_screenplay_is_the_same_in_every_layout(name: str) -> None:
    assert layout.elements(LAYOUTS[name]) == THE_SAME


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


@pytest.mark.parametrize(
    ("typed", "heading"),
    [
        ("12A  INT./EXT. CAR (MOVING) -- DUSK   12A", "INT/EXT. CAR (MOVING) - DUSK"),
        ("I/E CAR - DAY", "INT/EXT. CAR - DAY"),
        ("Int. the hall", "INT. THE HALL"),
        ("FADE IN: EXT. HARBOR", "EXT. HARBOR"),
        ("INT. HALL - NIGHT - CONTINUED", "INT. HALL - NIGHT"),
        ("INT. [HALL]", "INT. HALL"),
        ("INT.", None),
        ("Interior walls are painted.", None),
        ("EXTRA CHAIRS", None),
    ],
)
def test_headings_are_spelled_one_way(typed: str, heading: str | None) -> None:
    assert marks.slug(typed) == heading
    assert heading is None or Heading(heading)


@pytest.mark.parametrize(
    ("typed", "cue"),
    [
        ("ANNA (O.S.) (CONT'D)", ("ANNA", "")),
        ("McCOY", ("MCCOY", "")),
        ("DR. QUILL", ("DR. QUILL", "")),
        ("2ND GUARD (running)", ("GUARD 2", "(running)")),
        ("ANNA, BEN, AND CARL", ("ANNA AND BEN AND CARL", "")),
        ("ANNA (V.O.", ("ANNA", "")),
        ("GUARD #2", ("GUARD #2", "")),
        ("Anna", None),
        ("STOP!", None),
        ("THE DOOR OPENS.", None),
        ("CUT TO:", None),
        ("CLOSE ON ANNA", None),
        ("1931", None),
    ],
)
def test_cues_are_names_without_recording_notes(typed: str, cue: tuple[str, str] | None) -> None:
    assert marks.cue(typed) == cue


def test_an_answer_in_figures_is_no_page_number() -> None:
    found = layout.elements(FLAT.replace("(whispering)\nForty-two.", "42."))
    assert Speech("BEN", "42.") in found


def test_one_giant_line_and_an_empty_text_are_no_screenplay() -> None:
    assert layout.elements("") == []
    assert imsdb.dedent(" \n\t\n") == ""
    assert layout.elements("1 " * 100_000) == [Action(" ".join("1" * 100_000))]


_words = st.lists(
    st.sampled_from(["the", "key", "was", "never", "in", "that", "old", "house", "by", "a", "sea"]),
    min_size=1,
    max_size=40,
)
_sentences = _words.map(lambda words: " ".join(words).capitalize() + ".")
_slugs = st.sampled_from(["INT. KITCHEN - NIGHT", "EXT. GARDEN - DAY", "INT/EXT. CAR - DUSK"]).map(Slug)
_scenes = st.lists(
    st.tuples(
        _slugs,
        _sentences.map(Action),
        st.lists(st.builds(Speech, st.sampled_from(["ANNA", "BEN", "MRS. QUILL", "GUARD #2"]), _sentences), min_size=3),
    ),
    min_size=1,
    max_size=4,
)


def _typed(found: list[Element], columns: tuple[int, int, int], width: int) -> str:
    action, speech, cue = columns
    rows: list[str] = []
    for element in found:
        match element:
            case Slug(text):
                rows += ["", " " * action + text, ""]
            case Action(text):
                rows += [*(" " * action + row for row in wrap(text, width)), ""]
            case Speech(name, text):
                rows += [" " * cue + name, *(" " * speech + row for row in wrap(text, width)), ""]
    return "\n".join(rows)


@given(
    scenes=_scenes,
    columns=st.sampled_from([(0, 0, 0), (0, 0, 20), (5, 20, 35), (0, 10, 10), (15, 25, 37)]),
    width=st.integers(20, 70),
)
def test_what_is_typed_is_read_again(
    scenes: list[tuple[Slug, Action, list[Speech]]], columns: tuple[int, int, int], width: int
) -> None:
    found: list[Element] = []
    for heading, seen, said in scenes:
        found += [heading, seen]
        for speech in said:
            last = found[-1]
            if isinstance(last, Speech) and last.cue == speech.cue:
                found.append(Action("A pause."))
            found.append(speech)
    assert layout.elements(_typed(found, columns, width)) == found


@given(st.text(st.sampled_from("ABab 19.:()[]*-\n\t\f\x00\ud800,é#'\"/INTEXT"), max_size=400))
def test_every_dedented_line_is_an_element_whatever_the_text(text: str) -> None:
    for line in imsdb.dedent(text).splitlines():
        assert isinstance(screenplay.read_line(line), Heading | Direction | Turn)
