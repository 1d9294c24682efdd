import pytest

from model.briefs import GENRES, genre
from training import cleaning
from training.sources.streaming import Listing

TOLD = "A shy diver finds a singing shell and must return it to the sea before the storm takes the village."


def listing(title: str = "The Singing Shell", description: str = TOLD, *labels: str) -> Listing:
    return Listing(title=title, kind="Movie", labels=labels or ("Dramas",), people=("Bo Li",), description=description)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("Action & Adventure",), {"action", "adventure"}),
        (("Sci-Fi & Fantasy", "Suspense"), {"science fiction", "fantasy", "thriller"}),
        (("Children & Family Movies",), {"family"}),
        (("Docuseries", "International TV Shows"), {"documentary"}),
        (("Anime Series",), {"anime"}),
        (("Military and War", "Historical"), {"war", "history"}),
        (("Independent Movies",), set()),
        (("Comedies", "Stand-Up Comedy"), set()),
        (("Fitness",), set()),
    ],
)
def test_listed_genres_become_ours_and_what_is_no_story_has_none(labels: tuple[str, ...], wanted: set[str]) -> None:
    found = cleaning.genres(labels)
    assert set(found) == wanted
    assert set(found) <= set(GENRES)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Tin Moon (4K UHD)", "Tin Moon"),
        ("Tin Moon [Hindi] (2019)", "Tin Moon"),
        ("Tin Moon: Season 2", "Tin Moon"),
        ("TIN MOON RISING", "Tin Moon Rising"),
        ("Tin\u200b Moon’s Tale", "Tin Moon's Tale"),
        ("Tin Moon - Director's Cut", "Tin Moon"),
    ],
)
def test_a_title_loses_its_edition_tags(raw: str, clean: str) -> None:
    assert cleaning.title(raw) == clean


def test_mojibake_is_undone() -> None:
    assert cleaning.plain("The diverâ€™s shell") == "The diver's shell"


def test_a_summary_is_cut_to_whole_sentences() -> None:
    long = " ".join([TOLD] * 4)
    told = cleaning.summary(long, ())
    assert told
    assert told == " ".join([TOLD] * 3)[: len(told)]
    assert told.endswith(".")
    assert len(told.split()) <= cleaning.MAX_WORDS


def test_people_and_advertisements_are_no_part_of_a_summary() -> None:
    assert cleaning.summary(f"{TOLD} Starring a cast of newcomers.", ()) == TOLD
    assert cleaning.summary(f"{TOLD} Bo Li shines in every scene of it.", ("Bo Li",)) == TOLD


def test_a_title_before_a_name_ends_no_sentence() -> None:
    assert cleaning.sentences("Mr. Quill met Dr. Roe. They talked.") == ["Mr. Quill met Dr. Roe.", "They talked."]


@pytest.mark.parametrize(
    "told", ["Too short to tell.", "Una mujer encuentra un mapa y debe huir de su pueblo para siempre."]
)
def test_what_is_short_or_not_english_is_left_out(told: str) -> None:
    assert cleaning.show(listing("X", told)) is None


def test_a_clean_listing_is_a_show() -> None:
    show = cleaning.show(listing())
    assert show == cleaning.Show(title="The Singing Shell", genres=(genre("drama"),), summary=TOLD)


def test_two_spellings_of_a_title_share_their_key() -> None:
    assert cleaning.key("The Tin-Moon!") == cleaning.key("tin moon")
