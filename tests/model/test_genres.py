from pathlib import Path

import pytest

from model.briefs import PitchBrief, genre, theme
from model.checkpoint import EMBEDDED, BrokenCheckpointError
from model.drafts import PitchDraft
from model.engine import generate
from model.fake import FakeDecoder
from model.genres import GenreWords
from model.originality import TitleIndex
from model.writer import Writer
from training.embedded.genres import genre_words
from training.examples import Entry

COMEDY, HORROR = genre("comedy"), genre("horror")


def test_a_text_speaks_for_a_genre_by_its_words() -> None:
    table = GenreWords({"comedy": {"wedding": 2.0, "grave": -1.0}})
    assert table.fit(COMEDY, "A wedding!") == 2.0
    assert table.fit(COMEDY, "The wedding and the grave") == pytest.approx(1 / 4)
    assert table.fit(HORROR, "A wedding") == 0
    assert table.fit(COMEDY, "") == 0
    assert table.fit(COMEDY, "Wedding") == 0  # a name


def test_words_are_learnt_from_the_pitches_of_a_genre() -> None:
    def pitch(its: str, word: str, work: str) -> Entry:
        brief = PitchBrief(genre=genre(its), theme=theme("sea"))
        return Entry(work=work, brief=brief, draft=PitchDraft(title="Salt", summary=f"Everybody wants the {word}."))

    shows = [("comedy", "wedding"), ("horror", "grave")]
    entries = [pitch(its, word, f"{word} {number}") for its, word in shows for number in range(9)]
    told = genre_words([*entries, *[pitch("horror", "moth", "one show")] * 9])
    assert told["comedy"]["wedding"] > 1
    assert "grave" not in told["comedy"]
    assert "moth" not in told["horror"]  # in one show only
    assert "everybody" not in told["horror"]  # says nothing


@pytest.mark.parametrize("written", ["", "[]", '{"comedy": 1}', '{"comedy": {"a": "b"}}'])
def test_a_table_that_is_none_is_refused(written: str, tmp_path: Path) -> None:
    (tmp_path / "genres.json").write_text(written)
    with pytest.raises(BrokenCheckpointError):
        GenreWords.load(tmp_path / "genres.json")


def test_the_table_that_ships_knows_its_genres() -> None:
    table = GenreWords.load(EMBEDDED / "genres.json")
    for its, text in (("western", "a sheriff hunts outlaws"), ("horror", "a haunted house and its demon")):
        fits = {name: table.fit(genre(name), text) for name in ("western", "horror", "romance", "sport")}
        assert max(fits, key=fits.__getitem__) == its


async def test_a_slate_finishes_the_beginnings_that_fit_their_genre() -> None:
    told = "A story of {} and all that comes of it in the end, told twice over by two old friends."
    rows = [f" Show {number}\nSUMMARY: {told.format('graves' if number % 2 else 'weddings')}" for number in range(4)]
    writer = Writer(FakeDecoder(rows), TitleIndex.of([]), GenreWords({"horror": {"graves": 3.0}}))
    (draft,) = await generate(writer, PitchBrief(genre=HORROR, theme=theme("sea"), count=1))
    assert isinstance(draft, PitchDraft)
    assert "graves" in draft.summary
