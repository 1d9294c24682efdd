# ruff: noqa: S311 - no secrets are drawn here
from pathlib import Path
from random import Random

from model import tasks
from model.briefs import Theme
from model.screenplay import Turn
from tests.training.invented import library
from training import examples, themes
from training.embedded.casting import cast_anew
from training.embedded.companies import Names
from training.embedded.pages import Page, pages
from training.embedded.prepare import shows
from training.examples import Entry, held_out, page_entries, passages, pitches
from training.loglines import Rarity, logline
from training.places import heading
from training.sources import first_names, plays, prose


def themed(summaries: list[str]) -> list[tuple[Theme, ...]]:
    return [tuple(Theme(phrase) for phrase in themes.candidates(text)[-3:]) for text in summaries]


def all_pages(folder: Path) -> list[Page]:
    return [page for play in plays.read(folder / "plays") for page in pages(play, Random(1))]


def entries(folder: Path) -> list[Entry]:
    names, random = Names(first_names.read(folder / "ssa-names")), Random(2)
    found = shows(folder / "streaming")
    made = list(pitches(found, themed([show.summary for show in found]), random))
    every = all_pages(folder)
    rarity = Rarity(" ".join(turn.speech for turn in page.script.turns) for page in every)
    for page in every:
        script = cast_anew(page.script, names, random)
        told = logline(script, rarity, random)
        if told:
            made += page_entries(page.work, script, told)
    return made


def test_every_entry_of_the_four_tasks_reads_back_as_its_draft(tmp_path: Path) -> None:
    made = entries(library(tmp_path))
    assert {entry.task for entry in made} == {"pitch", "dialog", "script", "staging"}
    for entry in made:
        assert tasks.parse(entry.brief, entry.completion) == entry.draft


def test_the_cast_has_names_of_today_in_cues_and_in_what_is_said(tmp_path: Path) -> None:
    folder = library(tmp_path)
    names = Names(first_names.read(folder / "ssa-names"))
    script = cast_anew(all_pages(folder)[0].script, names, Random(5))
    woman, man = script.cast
    assert names.sex(woman, Random(0)) == "F"
    assert names.sex(man, Random(0)) == "M"
    spoken = " ".join(turn.speech for turn in script.turns)
    assert f"Tell me, {man.capitalize()}." in spoken
    assert "Albert" not in spoken


def test_a_page_has_a_heading_from_its_scene_two_speakers_and_four_turns(tmp_path: Path) -> None:
    for page in all_pages(library(tmp_path)):
        assert page.script.elements[0].text == "INT. KITCHEN - NIGHT"  # type: ignore[union-attr]
        assert len(page.script.cast) == 2
        assert len(page.script.turns) >= 4
        assert isinstance(page.script.elements[-1], Turn)


def test_a_place_that_is_not_told_is_the_one_before() -> None:
    first = heading("The garden of an old house at sunset.")
    assert first.text == "EXT. GARDEN - EVENING"
    assert heading("The same, in the morning.", first).text == "EXT. GARDEN - MORNING"
    assert heading("Nothing to see.").text == "INT. ROOM - DAY"


def test_a_logline_shares_words_with_its_page(tmp_path: Path) -> None:
    every = all_pages(library(tmp_path))
    rarity = Rarity(" ".join(turn.speech for turn in page.script.turns) for page in every)
    told = logline(every[0].script, rarity, Random(1))
    assert told
    spoken = " ".join(turn.speech for turn in every[0].script.turns)
    assert any(noun in told for noun in ("letter", "money", "piano", "garden", "brass key", "bank"))
    assert any(word in spoken for word in told.split() if len(word) > 4)


def test_prose_is_taken_where_people_talk(tmp_path: Path) -> None:
    chapter = next(prose.read(library(tmp_path) / "prose"))
    found = list(passages(chapter.book, chapter.text))
    assert found
    assert all(passage.prompt == "" and '"Where is the key?"' in passage.completion for passage in found)
    assert not list(passages("Silence", "\n\n".join(["Nobody said a word in the long grey room. " * 6] * 20)))


def test_every_spelling_of_a_work_falls_on_the_same_side() -> None:
    for number in range(200):
        assert held_out(f"The Tin Moon {number}") == held_out(f"tin moon, {number}!")
    share = sum(held_out(f"Work {number}") for number in range(3200)) / 3200
    assert 0.02 < share < 0.045


def test_candidates_stand_in_the_summary_and_are_no_names() -> None:
    found = themes.candidates("When Ada finds a singing shell, the old village of Marrow turns.")
    assert "singing shell" in found
    assert not any("ada" in phrase.casefold() or "marrow" in phrase.casefold() for phrase in found)


def test_a_show_without_theme_brings_no_pitch(tmp_path: Path) -> None:
    found = shows(library(tmp_path) / "streaming")[:2]
    assert len(list(examples.pitches(found, [(), (Theme("goat"),)], Random(1)))) == 1
