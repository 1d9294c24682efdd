import pytest

from model.briefs import GENRES, genre
from training import cleaning
from training.records import Synopsis

TOLD = "A shy diver finds a singing shell and must return it to the sea before the storm takes the village."


def synopsis(told: str) -> Synopsis:
    return Synopsis(
        source="streaming", work="w", title="The Singing Shell", text=told, labels=("Dramas",), people=("Bo Li",)
    )


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


def test_mojibake_is_undone() -> None:
    assert cleaning.plain("The diverâ€™s shell") == "The diver's shell"


def test_a_summary_is_cut_to_whole_sentences() -> None:
    show = cleaning.show_of(synopsis(" ".join([TOLD] * 4)))
    assert show
    assert show.summary == " ".join([TOLD] * 3)[: len(show.summary)]
    assert show.summary.endswith(".")
    assert len(show.summary.split()) <= cleaning.MAX_WORDS


@pytest.mark.parametrize(
    "told", [f"{TOLD} Starring a cast of newcomers.", f"{TOLD} Bo Li shines in every scene of it."]
)
def test_people_and_advertisements_are_no_part_of_a_summary(told: str) -> None:
    show = cleaning.show_of(synopsis(told))
    assert show
    assert (show.title, show.genres, show.summary) == ("The Singing Shell", (genre("drama"),), TOLD)


def test_a_title_before_a_name_ends_no_sentence() -> None:
    assert cleaning.sentences("Mr. Quill met Dr. Roe. They talked.") == ["Mr. Quill met Dr. Roe.", "They talked."]


@pytest.mark.parametrize(
    "told", ["Too short to tell.", "Una mujer encuentra un mapa y debe huir de su pueblo para siempre."]
)
def test_what_is_short_or_not_english_is_left_out(told: str) -> None:
    assert cleaning.show_of(synopsis(told)) is None


def test_two_spellings_of_a_title_share_their_key() -> None:
    assert cleaning.key("The Tin-Moon!") == cleaning.key("tin moon")
