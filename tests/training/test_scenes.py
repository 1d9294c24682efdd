import tarfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import tasks
from model.briefs import MAX_TURNS, DialogBrief, ScriptBrief, StagingBrief
from model.drafts import DialogDraft, ScriptDraft
from model.screenplay import Direction, Heading, Turn, cast, lines
from training import stage_notes
from training.places import opened
from training.records import Line, Scene
from training.scenes import MIN_TURNS, Losses, Page, pages
from training.sources import known
from training.stage_notes import Manner, Note, Seen

SHARED = Path(__file__).parents[2] / "../shared/data"
NAMES = {"ann", "roe", "bo"}


def scene(*spoken: Line, opening: str | None = None) -> Scene:
    return Scene(source="x", work="w", title="T", lines=spoken, opening=opening)


def talk(turns: int, words: int = 5) -> list[Line]:
    return [Line(("Ann Roe", "Bo")[turn % 2], "We are " + "so " * (words - 3) + "late.") for turn in range(turns)]


def written(page: Page) -> str:
    return lines(page.script.elements) if page.script else lines(page.dialog)


def reads_back(page: Page) -> bool:
    dialog = DialogDraft(page.dialog)
    told = DialogBrief(title="T", summary="S.")
    if tasks.parse(told, tasks.completion(dialog)) != dialog:
        return False
    staging = StagingBrief(dialog=page.dialog)
    if page.script is None:
        return True
    script = ScriptDraft(page.script)
    spoken = tuple(Turn(turn.cue, turn.speech) for turn in page.script.turns)
    briefs = ScriptBrief(title="T", summary="S."), staging
    return spoken == page.dialog and all(tasks.parse(b, tasks.completion(script)) == script for b in briefs)


def is_a_page(page: Page) -> bool:
    return MIN_TURNS <= len(page.dialog) <= MAX_TURNS and len(cast(page.dialog)) >= 2


BITS = st.sampled_from(
    ["(sighs)", "[to Bo]", "Hello.", "A: b", "\x00\ud800", "CUT TO: the kitchen", "  ", "— ", "ß", "<b>"]
)
TEXT = st.lists(st.one_of(BITS, st.text(max_size=12)), max_size=6).map(" ".join)
SPEAKERS = st.one_of(st.none(), st.sampled_from(["Ann Roe", "Ann Lee", "bo", "1st Guard", "ǆ", "Bo, Cy and Dee"]), TEXT)
LINES = st.builds(Line, SPEAKERS, TEXT, st.one_of(st.none(), TEXT))


@settings(deadline=None, max_examples=150)
@given(st.lists(LINES, max_size=30), st.one_of(st.none(), TEXT), st.integers(1, 60))
def test_every_page_reads_back_whatever_the_scene_holds(spoken: list[Line], opening: str | None, words: int) -> None:
    for page in pages(scene(*spoken, opening=opening), words=words):
        assert reads_back(page)
        assert is_a_page(page)


def test_a_scene_with_notes_becomes_a_page_of_screenplay() -> None:
    (page,) = pages(
        scene(
            Line("Ann Roe", "Is he gone?", "(whispering) Is he gone?"),
            Line("Bo", "Not yet. Now he is.", "Not yet. (Looks out of the window.) Now he is. [relieved]"),
            Line(None, "(The kettle whistles.)"),
            Line("Ann Roe", "Tea?", "Tea? (Ann pours)"),
            Line(None, "[Cut to the garden, Bo is digging.]"),
            Line("Bo", "Here.", "(to Ann) Here."),
            opening="[Scene: Ann's kitchen at night, Ann and Bo hide.]",
        )
    )
    assert written(page).splitlines() == [
        "[INT. KITCHEN - NIGHT]",
        "(Ann and Bo hide.)",
        "ANN (whispering): Is he gone?",
        "BO: Not yet.",
        "(Bo looks out of the window.)",
        "BO (relieved): Now he is.",
        "(The kettle whistles.)",
        "ANN: Tea?",
        "(Ann pours.)",
        "[EXT. GARDEN - DAY]",
        "(Bo is digging.)",
        "BO (to Ann): Here.",
    ]
    assert reads_back(page)


def test_a_scene_that_shows_nothing_is_a_dialog_only() -> None:
    (page,) = pages(scene(*talk(6)))
    assert page.script is None
    assert len(page.dialog) == 6


def test_pages_of_a_scene_are_of_about_one_length_and_lose_nothing() -> None:
    long = scene(*talk(100, words=10), opening="The harbor.")
    found = list(pages(long, words=220))
    assert [len(page.dialog) for page in found] == [20, 20, 20, 20, 20]
    assert [turn.speech for page in found for turn in page.dialog] == [line.text for line in long.lines]
    assert all(page.script and isinstance(page.script.elements[0], Heading) for page in found)


def test_many_short_turns_make_several_pages() -> None:
    found = list(pages(scene(*talk(90, words=4)), words=10_000))
    assert sum(len(page.dialog) for page in found) == 90
    assert max(len(page.dialog) for page in found) <= MAX_TURNS


def test_a_page_goes_on_where_the_last_one_was() -> None:
    spoken = [*talk(20, words=10), Line(None, "Cut to the garden."), *talk(44, words=10)]
    found = list(pages(scene(*spoken, opening="The kitchen."), words=220))
    firsts = [page.script.elements[0] for page in found if page.script]
    assert firsts == [Heading("INT. KITCHEN - DAY"), *[Heading("EXT. GARDEN - DAY")] * (len(found) - 1)]


def test_a_heading_without_anything_under_it_is_left_out() -> None:
    cuts = [Line(None, "Cut to the garden."), Line(None, "Cut to the church.")]
    (page,) = pages(scene(*cuts, *talk(4), Line("Bo", "Hm.", "(L.C.) Hm."), *cuts, opening="The kitchen."))
    assert page.script
    assert [e.text for e in page.script.elements if isinstance(e, Heading)] == ["INT. CHURCH - DAY"]
    assert reads_back(page)


def test_a_long_speech_keeps_its_first_sentences_and_is_counted() -> None:
    losses: Losses = Counter()
    giant = Line("Bo", "We sail at dawn. " * 30)
    (page,) = pages(scene(*talk(5), giant, *talk(4)), words=400, losses=losses)
    assert page.dialog[5].speech.split().count("sail") == 25
    assert losses == {"speech shortened": 1}


def test_a_speech_without_end_parts_two_pages() -> None:
    losses: Losses = Counter()
    found = list(pages(scene(*talk(5), Line("Bo", "and " * 200), *talk(4)), losses=losses))
    assert [len(page.dialog) for page in found] == [5, 4]
    assert losses == {"speech left out": 1}


def test_too_little_for_a_page_is_counted() -> None:
    losses: Losses = Counter()
    assert not list(pages(scene(*talk(3)), losses=losses))
    assert not list(pages(scene(*[Line("Bo", "Hm.")] * 5), losses=losses))
    assert losses == {"too few turns": 1, "one speaker": 1}


@pytest.mark.parametrize(
    ("speakers", "cues"),
    [
        (("Ann Roe", "Bo Li"), {"ANN", "BO"}),
        (("Ann Roe", "Ann Lee"), {"ANN ROE", "ANN LEE"}),
        (("Mrs. Quill", "Delivery Guy"), {"MRS. QUILL", "DELIVERY GUY"}),
        (("1st Guard", "Jan [on phone]"), {"FIRST GUARD", "JAN"}),
        (("Ann and Bo", "Ann, Bo, and Cy"), {"ANN AND BO", "ALL"}),
        (("BOMB #20", "MAN'S VOICE"), {"BOMB 20", "MAN'S VOICE"}),
    ],
)
def test_a_speaker_has_one_cue_in_a_scene(speakers: tuple[str, str], cues: set[str]) -> None:
    (page,) = pages(scene(*[Line(speakers[turn % 2], "Hm.") for turn in range(6)]))
    assert set(cast(page.dialog)) == cues


@pytest.mark.parametrize(
    ("note", "read"),
    [
        ("quietly", Manner("quietly")),
        ("To CYRIL.", Manner("to Cyril")),
        ("Ann's voice", Manner("Ann's voice")),
        ("a little drunk", Manner("a little drunk")),
        ("chuckles", Seen("Ann chuckles.")),
        ("Quickly shows him the map", Seen("Ann quickly shows him the map.")),
        ("hands her a note", Seen("Ann hands her a note.")),
        ("sighs, takes the key", Seen("Ann sighs, takes the key.")),
        ("Bo enters", Seen("Bo enters.")),
        ("The phone rings", Seen("The phone rings.")),
        ("Exit", Seen("Ann exits.")),
        ("leaning far out of the window to see us", Seen("Ann is leaning far out of the window to see us.")),
        ("in a high voice, as if somebody stood on her left foot", Manner("in a high voice")),
        ("with the very same look that she had on the day of the flood", None),
        ("Close-up of Ann; whispering.", Manner("whispering")),
        ("L.C.", None),
    ],
)
def test_a_note_is_a_manner_or_something_seen(note: str, read: Manner | Seen | None) -> None:
    assert stage_notes.read(note, "Ann", NAMES) == read


def test_brackets_are_told_from_speech_only_where_they_match() -> None:
    assert stage_notes.parts("(a [b] c) Yes. {d}") == (Note("a (b) c"), " Yes. ", Note("d"))
    assert stage_notes.parts("Yes (no") is None
    assert stage_notes.parts("Yes) no (") is None


def test_a_sentence_keeps_its_closing_quotes_and_its_doctor() -> None:
    text = 'He said "no." Then Dr. Quill left. "Why?"'
    assert stage_notes.sentences(text) == ['He said "no."', "Then Dr. Quill left.", '"Why?"']


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("The scene changes to Ann, who sleeps. The camera pans left.", "Ann, who sleeps."),
        ("[Time lapse]", "Later."),
        ("Time lapse, everyone is asleep.", "Everyone is asleep."),
        ("MRS. QUILL'S cat sleeps. it purrs.", "Mrs. Quill's cat sleeps. It purrs."),
        ("...", ""),
    ],
)
def test_a_direction_is_for_the_audience_and_not_for_the_camera(told: str, seen: str) -> None:
    assert stage_notes.seen(told) == seen


@pytest.mark.parametrize(
    ("opening", "heading", "seen"),
    [
        ("[Scene: Central Perk, Ann is there.]", "INT. COFFEE SHOP - DAY", "Ann is there."),
        ("[Scene: Ann, Bo, and Cy's, Bo is cooking.]", "INT. APARTMENT - DAY", "Bo is cooking."),
        ("[Scene: Outside Dr. Roe's office, the next morning.]", "EXT. OFFICE - MORNING", "the next morning."),
        ("(Scene: A bishop sits with an officer.)", "INT. ROOM - DAY", "A bishop sits with an officer."),
        ("[Scene: ]", "INT. ROOM - DAY", ""),
    ],
)
def test_an_opening_tells_the_place_from_what_is_seen(opening: str, heading: str, seen: str) -> None:
    assert opened(opening) == (Heading(heading), seen)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["friends-corpus", "the-office", "avatar", "movie-corpus", "plays"])
def test_every_page_of_the_real_scenes_reads_back(tmp_path: Path, name: str) -> None:
    archive = SHARED / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip("no shared data beside the checkout")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    scenes = [record for record in known()[name].read(tmp_path / name) if isinstance(record, Scene)][::9]
    found = [page for one in scenes for page in pages(one)]
    assert len(found) > 100
    assert all(is_a_page(page) and reads_back(page) for page in found)
    assert any(page.script for page in found) == (name != "movie-corpus")
    directed = [e for page in found if page.script for e in page.script.elements if isinstance(e, Direction)]
    assert all(len(one.text.split()) <= stage_notes.DIRECTION for one in directed)
