from pathlib import Path

import pytest

from model import tasks
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.engines.transformers_engine import TransformersDecoder
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.screenplay import Direction, Heading, Script, Turn
from tests.model import tiny
from training import counting
from training.counting import learnt, own_words
from training.examples import Entry, Passage
from training.writing import Answer, Row, answer, fate, raw

NO_TITLES = TitleIndex.of([])
ANNA, BEN = Turn("ANNA", "Is he gone?"), Turn("BEN", "Not yet, I fear.")
SCRIPT = Script((Heading("INT. KITCHEN - NIGHT"), Direction("Anna puts the kettle on."), ANNA, BEN, ANNA, BEN))
WANTED = PitchBrief(genre=genre("comedy"), theme=theme("goat"), count=2)
PITCHES = [" The Loud Goat\nSUMMARY: A goat sings.", " Wool\nSUMMARY: A sheep is silent."]
SHOW = DialogBrief(title="Gone", summary="He is gone.")


async def test_an_answer_keeps_the_attempts_that_failed() -> None:
    decoder = FakeDecoder(["ANNA Is he gone", "ANNA: Is he gone?\nBEN: Not yet, I fear."])
    got = await answer(decoder, NO_TITLES, SHOW)
    assert got.drafts == (DialogDraft((ANNA, BEN)),)
    assert [row.finished for row in got.rows] == [True, True]
    assert counting.attempt_figures([got])["raw_parsed"] == 0
    assert counting.answer_figures([got])["parsed"] == 1


async def test_a_writer_that_gives_up_leaves_no_draft() -> None:
    got = await answer(FakeDecoder(["nothing to read"]), NO_TITLES, SHOW)
    assert got.drafts == ()
    assert len(got.rows) == 3
    assert counting.answer_figures([got])["parsed"] == 0


async def test_a_brief_that_does_not_fit_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    decoder = TransformersDecoder.load(tiny.write(tmp_path, "llama"), threads=1, device="cpu")
    long = DialogBrief(title="Gone", summary=" ".join(["Gone."] * 90))
    slate = PitchBrief(genre=genre("comedy"), theme=theme("goats"), count=2)
    try:
        got = await answer(decoder, NO_TITLES, long)
        rows = await raw(decoder, slate)
    finally:
        decoder.close()
    assert got.too_long
    assert counting.answer_figures([got])["briefs_too_long"] == 1
    assert len(rows) == 2


async def test_a_raw_title_is_kept_taken_repeated_or_unreadable() -> None:
    rows = [*await raw(FakeDecoder(PITCHES), WANTED), Row(PITCHES[0], finished=True)]
    rows += [Row("no summary", finished=True), Row(PITCHES[0], finished=False)]
    seen: set[str] = set()
    fates = [fate(WANTED, row, TitleIndex.of(["Wool"]), seen) for row in rows]
    assert fates == ["kept", "taken", "repeated", "unreadable", "unreadable"]
    figures = counting.row_figures(fates)
    assert figures["raw_parsed"] == 0.6
    assert figures["titles_kept"] == figures["titles_taken"] == figures["titles_repeated"] == 0.2


@pytest.mark.parametrize(
    ("brief", "words"),
    [
        (ScriptBrief(title="Gone", summary="He is gone."), f"{ANNA.speech} {BEN.speech} {ANNA.speech} {BEN.speech}"),
        (StagingBrief(dialog=(ANNA, BEN)), "Anna puts the kettle on."),
    ],
)
def test_what_the_brief_brought_along_is_not_the_models_own(brief: Brief, words: str) -> None:
    assert own_words(brief, ScriptDraft(SCRIPT)) == words


def test_copies_are_looked_for_in_the_same_words_that_were_learnt() -> None:
    pitch = Entry(work="Wool", brief=WANTED, draft=PitchDraft(title="Wool", summary="A sheep."))
    dialog = Entry(work="Gone", brief=SHOW, draft=DialogDraft((ANNA, BEN)))
    rain = Passage(work="Rain", text="It rains.")
    assert list(learnt([pitch, dialog, rain])) == ["A sheep.", f"{ANNA.speech} {BEN.speech}", "It rains."]


def test_a_title_twice_or_taken_is_not_original() -> None:
    titles = ["Wool", "The Wool", "Goat", "Felt"]
    figures = counting.pitch_figures(
        [PitchDraft(title=title, summary="Soft.") for title in titles], TitleIndex.of(["Goat"])
    )
    assert figures["titles_original"] == 0.5
    assert figures["ended"] == 1


def test_a_page_is_counted_by_its_turns_and_the_lines_it_kept() -> None:
    brief = StagingBrief(dialog=(ANNA, BEN, Turn("BEN", "Wait.")))
    figures = counting.page_figures([(brief, ScriptDraft(SCRIPT))])
    assert figures == {"turns": 4, "ended": 1, "speakers_consistent": 1, "lines_kept": 0.667}


def test_scripts_cut_at_the_limit_and_strangers_are_counted() -> None:
    brief = ScriptBrief(title="Gone", summary="He is gone.")
    written = tasks.completion(ScriptDraft(SCRIPT))
    answers = [
        Answer(brief=brief, drafts=(), rows=(Row(text, finished),))
        for text, finished in [(written, True), (written + "\nBEN: But th", False), (written + "\nCARL: Me?", True)]
    ]
    figures = counting.attempt_figures(answers)
    assert figures["at_length_limit"] == 0.333
    assert figures["only_cast_speaks"] == figures["raw_parsed"] == 0.667
