from model.briefs import Theme, genre
from training.cleaning import Show
from training.deduplication import SAME_SUMMARY, SAME_TITLE, distinct, lend
from training.records import Synopsis

TOLD = "A shy diver finds a singing shell and must return it to the sea before the storm takes the village."
OTHER = "Two retired clowns open a bakery across from the only bakery in town and fall in love with its owner."


def show(title: str, summary: str = TOLD, year: int | None = None, *, themes: tuple[str, ...] = ()) -> Show:
    given = tuple(Theme(theme) for theme in themes)
    return Show(title=title, genres=(genre("drama"),), summary=summary, themes=given, year=year)


def film(title: str, year: int | None, *keywords: str) -> Synopsis:
    return Synopsis(source="x", work=title, title=title, text="", keywords=keywords, year=year)


def test_a_title_in_two_spellings_is_kept_once() -> None:
    kept, dropped = distinct([show("The Singing Shell"), show("Singing Shell (4K UHD)", OTHER)])
    assert [one.title for one in kept] == ["The Singing Shell"]
    assert dropped == {SAME_TITLE: 1}


def test_a_remake_many_years_later_is_another_work() -> None:
    kept, dropped = distinct([show("The Shell", TOLD, 1956), show("The Shell", OTHER, 2011)])
    assert len(kept) == 2
    assert not dropped


def test_a_year_of_difference_is_the_same_work() -> None:
    kept, _ = distinct([show("The Shell", TOLD, 1956), show("The Shell", OTHER, 1957), show("The Shell", OTHER)])
    assert len(kept) == 1


def test_nearly_the_same_summary_under_another_title_is_a_duplicate() -> None:
    kept, dropped = distinct([show("The Singing Shell"), show("La Concha", TOLD.replace("village.", "whole bay!"))])
    assert [one.title for one in kept] == ["The Singing Shell"]
    assert dropped == {SAME_SUMMARY: 1}


def test_a_few_words_in_common_make_no_duplicate() -> None:
    beginning = " ".join(TOLD.split()[:9])
    kept, _ = distinct([show("One"), show("Two", f"{beginning} {OTHER}"), show("Three", OTHER.upper() + " " + TOLD)])
    assert [one.title for one in kept] == ["One", "Two"]


def test_the_earlier_show_takes_over_the_themes_and_the_year_that_it_lacks() -> None:
    (kept,), _ = distinct([show("The Shell"), show("The Shell", OTHER, 1956, themes=("lost treasure",))])
    assert (kept.summary, kept.themes, kept.year) == (TOLD, ("lost treasure",), 1956)


def test_its_own_themes_stay() -> None:
    (kept,), _ = distinct([show("The Shell", themes=("the sea",)), show("The Shell", themes=("lost treasure",))])
    assert kept.themes == ("the sea",)


def test_a_table_of_keywords_lends_them_to_the_film_of_the_same_year() -> None:
    shows = [show("The Shell", year=1956), show("Rain", themes=("rain",)), show("Nowhere")]
    films = [
        film("Shell, The", 2011, "robots"),
        film("The Shell", 1957, "singing shell", "sequel"),
        film("Rain", None, "mud"),
    ]
    assert [one.themes for one in lend(shows, films)] == [("singing shell",), ("rain",), ()]
