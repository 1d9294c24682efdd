import io
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from screenplain.parsers import fountain as parser
from screenplain.types import Action, Dialog, Slug

from bot.export.fountain import CREDIT, HAIR, JOINER, SOURCE, body, fountain, read
from model.screenplay import Direction, Element, Heading, NotAScriptError, Script, Turn

ALPHABET = st.one_of(
    st.sampled_from(tuple("_*[]/\\^#@!.>~<=()&:' -+AaZz0")),
    # screenplain marks emphasis with private characters of its own
    st.characters(exclude_categories=("Cs", "Cc", "Co", "Zl", "Zp"), exclude_characters=JOINER + HAIR),
)
TRAPS = (
    "TO:", "CUT TO:", "(aside)", "[[note]]", "/* gone */", "**bold**", "_under_ _line_", "...", "===", "# Act", "= all",
    "> centred <", "~la la", "@x", "!y", ".z", "INT. HERE", "est. 1911", "#5#", "1984", "FADE OUT.", "BOB", "^", "[[[",
)  # fmt: skip
TEXT = st.lists(
    st.one_of(st.sampled_from(TRAPS), st.text(ALPHABET, min_size=1, max_size=12)), min_size=1, max_size=6
).map(lambda words: " ".join(" ".join(words).split()))


def made(kind: Any, *parts: Any) -> Any:  # noqa: ANN401
    """Return the element, or None where the parts are no valid one."""
    try:
        return kind(*parts)
    except NotAScriptError:
        return None


CUES = st.one_of(
    st.sampled_from(("ANNA", "日本", "R2-D2", "BOB ^", "CUT TO", "INT. BOB", "MAN #2", "A*B*C")), TEXT.map(str.upper)
)
TURNS = st.builds(lambda *parts: made(Turn, *parts), CUES, TEXT, st.one_of(st.none(), TEXT)).filter(bool)
HEADINGS = st.builds(
    lambda place, rest: made(Heading, f"{place}. {rest}"), st.sampled_from(("INT", "EXT", "INT/EXT")), TEXT
).filter(bool)
DIRECTIONS = TEXT.map(lambda text: made(Direction, text)).filter(bool)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    middle = draw(st.lists(st.one_of(TURNS, HEADINGS, DIRECTIONS), max_size=8))
    return Script((draw(HEADINGS), *middle, draw(TURNS)))


def parsed(text: str) -> list[Any]:
    return list(parser.parse(io.StringIO(text)).paragraphs)


def plain(rich: object) -> str:
    return re.sub(f"[{JOINER}{HAIR}]", "", str(rich))


def assert_same(found: Any, element: Element) -> None:  # noqa: ANN401
    match element:
        case Heading(text):
            assert type(found) is Slug
            assert plain(found.line) == text.upper()
            assert found.scene_number is None
        case Direction(text):
            assert type(found) is Action
            assert not found.centered
            assert [plain(line) for line in found.lines] == [text]
        case Turn(cue, speech, manner):
            assert type(found) is Dialog
            assert plain(found.character) == cue
            spoken = [(aside, plain(line)) for aside, line in found.blocks]
            assert spoken == [*([(True, f"({manner})")] if manner else []), (False, speech)]


@settings(max_examples=400, deadline=None)
@given(scripts())
def test_every_element_comes_back_as_what_it_is(script: Script) -> None:
    for text in (body(script), fountain(script, title="*Late*: [[1]] /* x */", drafted=date(2026, 11, 21))):
        found = parsed(text)
        assert len(found) == len(script.elements)
        for paragraph, element in zip(found, script.elements, strict=True):
            assert_same(paragraph, element)


@settings(max_examples=400, deadline=None)
@given(scripts())
def test_reading_what_was_written_brings_the_script_back(script: Script) -> None:
    assert read(body(script)) == script


@settings(max_examples=150, deadline=None)
@given(scripts())
def test_nothing_is_emphasised(script: Script) -> None:
    for paragraph in parsed(body(script)):
        lines = [line for _, line in paragraph.blocks] if isinstance(paragraph, Dialog) else paragraph.lines
        assert all(not segment.styles for line in lines for segment in line.segments)


SCRIPT = Script(
    (
        Heading("INT. KITCHEN - NIGHT"),
        Direction("Anna puts the kettle on."),
        Turn("ANNA", "Is he gone?", "whispering"),
        Turn("BEN", "Not yet... *wait*."),
        Direction("CUT TO:"),
    )
)


def test_a_plain_script_reads_as_a_writer_would_type_it() -> None:
    assert body(SCRIPT) == (
        "INT. KITCHEN - NIGHT\n\nAnna puts the kettle on.\n\nANNA\n(whispering)\nIs he gone?\n\n"
        "BEN\nNot yet... \\*wait\\*.\n\n!CUT TO:\n"
    )


def test_the_title_page_says_who_wrote_it() -> None:
    text = fountain(SCRIPT, title="Late Checkout", drafted=date(2026, 11, 1))
    assert parser.parse(io.StringIO(text)).title_page == {
        "Title": ["Late Checkout"],
        "Credit": [CREDIT],
        "Source": [SOURCE],
        "Draft date": ["1 November 2026"],
    }
    assert "language model" in SOURCE


def test_what_is_not_given_is_not_on_the_title_page() -> None:
    assert fountain(SCRIPT, title=" ").startswith(f"Credit: {CREDIT}\nSource: {SOURCE}\n\nINT.")
    assert fountain(SCRIPT, credit="", source="") == body(SCRIPT)


def test_a_title_of_two_lines_is_one_entry() -> None:
    text = fountain(SCRIPT, title="Late\nAuthor: somebody else")
    assert parser.parse(io.StringIO(text)).title_page["Title"] == ["Late Author: somebody else"]


def test_a_heading_with_a_colon_is_no_title_page() -> None:
    script = Script((Heading("INT. DAY ONE: NOON"), Turn("ANNA", "Hello.")))
    assert [type(paragraph) for paragraph in parsed(body(script))] == [Slug, Dialog]


@pytest.mark.parametrize("cue", ["日本", "CUT TO", "INT. BOB"])
def test_a_cue_that_could_be_something_else_is_forced(cue: str) -> None:
    script = Script((Heading("INT. ROOM - DAY"), Turn(cue, "Hello.")))
    assert f"\n@{cue}\nHello." in body(script)
