from pathlib import Path
from random import Random

from tests.training.invented import library
from training import themes
from training.examples import held_out, passages
from training.loglines import Rarity, logline
from training.places import heading
from training.scenes import Page, pages
from training.sources import plays, prose


def all_pages(folder: Path) -> list[Page]:
    return [page for scene in plays.SOURCE.read(folder / "plays") for page in pages(scene, words=150)]  # type: ignore[arg-type]


def test_a_place_that_is_not_told_is_the_one_before() -> None:
    first = heading("The garden of an old house at sunset.")
    assert first.text == "EXT. GARDEN - EVENING"
    assert heading("The same, in the morning.", first).text == "EXT. GARDEN - MORNING"
    assert heading("Nothing to see.").text == "INT. ROOM - DAY"


def test_a_logline_shares_words_with_its_page(tmp_path: Path) -> None:
    every = all_pages(library(tmp_path))
    rarity = Rarity(" ".join(turn.speech for turn in page.dialog) for page in every)
    assert every[0].script
    told = logline(every[0].script, rarity, Random(1))  # noqa: S311 -- no secret
    assert told
    spoken = " ".join(turn.speech for turn in every[0].dialog)
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
