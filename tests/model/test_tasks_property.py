import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import briefs, tasks
from model.briefs import (
    GENRES,
    BadBriefError,
    BadCharactersError,
    Brief,
    DialogBrief,
    EmptyTextError,
    LineBrief,
    OutOfRangeError,
    PitchBrief,
    ScriptBrief,
    StagingBrief,
    TextTooLongError,
    UnknownGenreError,
)
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.screenplay import Direction, Element, Heading, NotAScriptError, Script, Turn, lines, read_line, read_turns

WORDS = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="<>|[]{}\\`()"), min_size=1, max_size=9)
LINE = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


def canonical(field: str, text: str) -> bool:
    try:
        briefs.require_canonical(field, text)
    except BadBriefError:
        return False
    return True


TITLES = LINE.filter(lambda text: canonical("title", text))
SUMMARIES = LINE.filter(lambda text: canonical("summary", text))
CUES = st.sampled_from(["ANNA", "BEN", "MRS O'NEILL", "ÉMILE", "DR. KIM", "ZOË-MAY", "АННА", "OFFICER 2"])
TURNS = st.builds(Turn, CUES, LINE, st.none() | LINE)
DIRECTIONS = st.builds(Direction, LINE)
HEADINGS = st.builds(Heading, st.tuples(st.sampled_from(["INT", "EXT", "INT/EXT"]), LINE).map(". ".join))
ELEMENTS = st.one_of(TURNS, DIRECTIONS, HEADINGS)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    rest: list[Element] = [draw(TURNS), *draw(st.lists(ELEMENTS, max_size=8)), draw(TURNS)]
    return Script((draw(HEADINGS), *rest))


ONE = Script((Heading("INT. SHOP - DAY"), Turn("ANNA", "Yes.", "low")))
PITCH = PitchBrief(genre=GENRES[0], theme=briefs.theme("snow"))
PAIRS: st.SearchStrategy[tuple[Brief, Draft]] = st.one_of(
    st.tuples(st.just(PITCH), st.builds(PitchDraft, title=TITLES, summary=SUMMARIES)),
    st.tuples(
        st.just(DialogBrief(title="a", summary="b")),
        st.builds(DialogDraft, st.lists(TURNS, min_size=1, max_size=9).map(tuple)),
    ),
    st.tuples(st.just(ScriptBrief(title="a", summary="b")), st.builds(ScriptDraft, scripts())),
    st.tuples(st.just(StagingBrief(dialog=(Turn("ANNA", "Yes."),))), st.builds(ScriptDraft, scripts())),
)


@given(PAIRS)
def test_parse_is_the_inverse_of_completion(pair: tuple[Brief, Draft]) -> None:
    brief, draft = pair
    assert tasks.parse(brief, tasks.completion(draft)) == draft


def test_a_line_is_asked_for_where_it_stands() -> None:
    brief = LineBrief(title="a", summary="b", script=ONE, at=1)
    assert tasks.text(tasks.prompt(brief)).endswith("\nSCRIPT:\nCAST: ANNA\n[INT. SHOP - DAY]\nANNA (low): ")
    said = tasks.parse(brief, "No.\nANNA: More.")
    assert said == ScriptDraft(Script((ONE.elements[0], Turn("ANNA", "No.", "low"))))
    for broken in ("", "\n", "No"):
        with pytest.raises(tasks.UnreadableError):
            tasks.parse(brief, broken, finished=False)


@given(scripts())
def test_headings_with_nothing_under_them_are_left_out_at_the_end(script: Script) -> None:
    longer = ScriptDraft(Script((*script.elements, Heading("INT. SHOP - DAY"))))
    assert tasks.parse(ScriptBrief(title="a", summary="b"), tasks.completion(longer)) == ScriptDraft(script)


@given(ELEMENTS)
def test_a_line_reads_back_as_its_element(element: Element) -> None:
    assert read_line(lines([element])) == element


@given(st.lists(TURNS, min_size=1, max_size=9))
def test_a_dialog_reads_back_with_blank_lines_between(turns: list[Turn]) -> None:
    assert read_turns("\n\n".join(lines([turn]) for turn in turns)) == tuple(turns)


@given(scripts())
def test_only_the_named_cast_speaks(script: Script) -> None:
    written = tasks.completion(ScriptDraft(script)).replace(f"CAST: {', '.join(script.cast)}", "CAST: NOBODY", 1)
    with pytest.raises(tasks.UnreadableError):
        tasks.parse(ScriptBrief(title="a", summary="b"), written)


@given(scripts(), st.integers(min_value=0, max_value=40))
def test_a_script_cut_anywhere_ends_on_a_whole_turn_or_is_unreadable(script: Script, cut: int) -> None:
    written = tasks.completion(ScriptDraft(script))
    try:
        draft = tasks.parse(ScriptBrief(title="a", summary="b"), written[: len(written) - cut], finished=False)
    except tasks.UnreadableError:
        return
    assert isinstance(draft, ScriptDraft)
    whole = script.elements
    assert draft.script.elements == whole[: len(draft.script.elements)]


@given(st.text())
def test_any_text_parses_or_is_unreadable(text: str) -> None:
    for brief in (PITCH, DialogBrief(title="a", summary="b"), ScriptBrief(title="a", summary="b")):
        try:
            draft = tasks.parse(brief, text)
        except tasks.UnreadableError:
            continue
        assert tasks.parse(brief, tasks.completion(draft)) == draft


@given(st.builds(PitchDraft, title=TITLES, summary=SUMMARIES), st.integers(min_value=0))
def test_a_partial_pitch_never_shows_a_title_that_may_still_grow(draft: PitchDraft, cut: int) -> None:
    written = tasks.completion(draft)[:cut]
    title, summary = tasks.partial_pitch(written)
    assert title in (None, draft.title)
    assert (title is not None) == ("\n" in written)
    assert draft.summary.startswith(summary)


@given(st.text())
def test_every_accepted_theme_is_one_harmless_line(text: str) -> None:
    try:
        theme = briefs.theme(text)
    except BadBriefError:
        return
    assert theme == " ".join(theme.split())
    assert not set(theme) & set("<>|[]{}\\`\n")
    assert briefs.theme(theme) == theme


@pytest.mark.parametrize("field", ["title", "summary"])
@given(text=st.text(max_size=700))
def test_every_accepted_title_or_summary_is_canonical(field: str, text: str) -> None:
    make = briefs.title if field == "title" else briefs.summary
    try:
        made = make(text)
    except BadBriefError:
        return
    briefs.require_canonical(field, made)
    assert not set(made) & set("<>|[]{}\\`\n")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: briefs.genre("jazz noir"), UnknownGenreError),
        (lambda: briefs.theme("   "), EmptyTextError),
        (lambda: briefs.theme("x" * 65), TextTooLongError),
        (lambda: briefs.theme("<|endoftext|>"), BadCharactersError),
        (lambda: briefs.title("a [INST] b"), BadCharactersError),
        (lambda: PitchBrief(genre=GENRES[0], theme=briefs.theme("x"), count=0), OutOfRangeError),
        (lambda: DialogBrief(title="a\nb", summary="c"), BadBriefError),
        (lambda: ScriptBrief(title="a", summary="c", seed=-1), OutOfRangeError),
        (lambda: StagingBrief(dialog=()), EmptyTextError),
        (lambda: LineBrief(title="a", summary="b", script=ONE, at=0), OutOfRangeError),
        (lambda: LineBrief(title="a", summary="b", script=ONE, at=2), OutOfRangeError),
        (lambda: LineBrief(title="a", summary="b", script=ONE, at=-1), OutOfRangeError),
        (lambda: StagingBrief(dialog=(Turn("ANNA", "x"),) * 41), TextTooLongError),
        (lambda: StagingBrief(dialog=(Turn("ANNA", "<|end|>"),)), BadCharactersError),
        (lambda: StagingBrief(dialog=(Turn("ANNA", "x", "<|end|>"),)), BadCharactersError),
        (lambda: PitchBrief(genre=GENRES[0], theme=briefs.theme("x"), avoid=("x" * 101,)), TextTooLongError),
        (lambda: Turn("ANNA", "a\x00b"), NotAScriptError),
        (lambda: Direction("a\x1bb"), NotAScriptError),
    ],
)
def test_a_bad_brief_never_exists(make: object, error: type[Exception]) -> None:
    assert callable(make)
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("make", [briefs.theme, briefs.title, briefs.summary])
def test_a_heap_of_accents_is_refused_before_it_is_composed(make: Callable[[str], str]) -> None:
    began = time.process_time()
    with pytest.raises(TextTooLongError):
        make("a" + "\u0301\u0323" * 30_000)
    assert time.process_time() - began < 0.5  # composing takes seconds


def test_an_unknown_genre_names_the_closest() -> None:
    with pytest.raises(UnknownGenreError) as caught:
        briefs.genre("comdey")
    assert caught.value.closest == "comedy"
    assert briefs.genre("  Sci-Fi ") == "science fiction"


@pytest.mark.parametrize("text", ["", "no cue here", "lower: case", "ANNA:", "[KITCHEN]", "()", "ANNA (: x"])
def test_a_line_that_is_no_element_is_refused(text: str) -> None:
    with pytest.raises(NotAScriptError):
        read_line(text)


@pytest.mark.parametrize("text", ["[INT. SHOP - DAY]\nANNA: Yes.", "(Rain.)", ""])
def test_a_dialog_has_turns_only(text: str) -> None:
    with pytest.raises(tasks.UnreadableError):
        tasks.parse(DialogBrief(title="a", summary="b"), text)
