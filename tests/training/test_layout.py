"""A screenplay is the same in every layout that we know."""

from textwrap import wrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.screenplay import Heading
from tests.training.typed import DOUBLE, FLAT, INDENTED, INLINE, TABBED
from training import layout
from training.layout import Action, Element, Slug, Speech, marks

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


def test_a_name_before_a_colon_may_have_accents_and_a_sentence_is_no_name() -> None:
    text = "INT. HALL\n\nANÍSYA: Where is it?\n\nNow he says: the key is gone.\n"
    assert layout.elements(text)[1:] == [Speech("ANÍSYA", "Where is it?"), Action("Now he says: the key is gone.")]


def test_one_giant_line_and_an_empty_text_are_no_screenplay() -> None:
    assert layout.elements("") == []
    assert layout.elements(" \n\t\n") == []
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


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
