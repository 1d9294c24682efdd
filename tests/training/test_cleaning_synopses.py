import pytest

from training import cleaning, mending, tags, telling
from training.cleaning import Refusal, Show
from training.records import Synopsis
from training.sources import movies, wikipedia

TOLD = "A shy diver finds a singing shell and must return it to the sea before the storm takes the village."

LEAD = "Tin Moon is a 1956 American western film directed by Ann Roe and starring Bo Li."


def synopsis(
    text: str = TOLD, *labels: str, title: str = "The Singing Shell", source: str = "tmdb-keywords"
) -> Synopsis:
    return Synopsis(source=source, work=title, title=title, text=text, labels=labels or ("Drama",), people=("Bo Li",))


def summary(text: str, *, source: str = movies.NAME) -> str | None:
    show = cleaning.show_of(synopsis(text, title="Tin Moon", source=source))
    return show.summary if show else None


def test_a_synopsis_is_a_show_with_its_source_and_year() -> None:
    record = Synopsis(
        source="tmdb-keywords",
        work="w",
        title="The Singing Shell (4K UHD)",
        text=TOLD,
        labels=("Music", "Drama"),
        year=1999,
    )
    show = cleaning.show_of(record)
    assert isinstance(show, Show)
    assert (show.title, show.summary, show.source, show.work, show.year) == (
        "The Singing Shell",
        TOLD,
        "tmdb-keywords",
        "w",
        1999,
    )


@pytest.mark.parametrize(
    ("label", "genre"),
    [
        ("Science Fiction", "science fiction"),
        ("Noir", "crime"),
        ("Biography", "history"),
        ("Animated", "animation"),
        ("Slice of Life", "drama"),
        ("Mahou Shoujo", "fantasy"),
        ("Mecha", "science fiction"),
        ("Psychological", "thriller"),
        ("Martial Arts", "action"),
        ("Slasher", "horror"),
        ("Sports", "sport"),
        ("1956 American drama/action", "drama"),
    ],
)
def test_labels_of_every_source_become_our_genres(label: str, genre: str) -> None:
    assert genre in cleaning.genres((label,))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Tin Moon (4K UHD)", "Tin Moon"),
        ("Tin Moon(Tamil)", "Tin Moon"),
        ("Tin Moon (Original Japanese Version) (English Subtitled)", "Tin Moon"),
        ("Tin Moon - Hindi", "Tin Moon"),
        ("Tin Moon: Season 2", "Tin Moon"),
        ("Tin Moon - The Complete Series [English Subtitled]", "Tin Moon"),
        ("(Sub) Tin Moon", "Tin Moon"),
        ("Tin Moon DIRECTOR'S CUT", "Tin Moon"),
        ("Tin Moon: 2K Restored Special Edition", "Tin Moon"),
        ("Tin Moon: Remastered", "Tin Moon"),
        ("Tin Moon - 1947 Color", "Tin Moon"),
        ("Tin Moon Season 1", "Tin Moon"),
        ("Moon Season 2", "Moon Season 2"),
        ("The Remastered Moon", "The Remastered Moon"),
        ("The Final Cut", "The Final Cut"),
        ("Hindi Moon", "Hindi Moon"),
        ("Moon, The (Silent)", "The Moon"),
        ("Tin &amp; Moon", "Tin & Moon"),
        ("The diver\ufffds Moon", "The diver's Moon"),
        ("Tin\u200b Mo\xadon’s Tale", "Tin Moon's Tale"),
        ("Tin Moon -The Diver-", "Tin Moon: The Diver"),
        ("THE SMITH OF THE MOON'S TOWN", "The Smith of the Moon's Town"),
        ("Moon³", "Moon 3"),
        ("The Moon 33⅓", "The Moon 33 1/3"),
        ("(500) Moons of Tin", "(500) Moons of Tin"),
        ("You Can (Not) Dive", "You Can (Not) Dive"),
        ("Tin Moon Vol. 2", "Tin Moon Vol. 2"),
        ("Moon Season", "Moon Season"),
        ("MX-PAX 1138", "MX-PAX 1138"),
    ],
)
def test_a_title_is_as_a_poster_prints_it(raw: str, clean: str) -> None:
    assert mending.title(raw) == clean
    assert not mending.artefacts(mending.title(raw), is_title=True)


@pytest.mark.parametrize(
    ("raw", "trace"),
    [
        ("Tin Moon (Hindi)", "edition"),
        ("Tin Moon 4K", "edition"),
        ("Tin Moon (", "edition"),
        ("Tin <i>Moon</i>", "mark-up"),
        ("Tin &amp; Moon", "mark-up"),
        ("The diverâ€™s moon", "mojibake"),
        ("Tin\ufeff Moon", "invisible"),
    ],
)
def test_traces_of_a_catalogue_are_named(raw: str, trace: str) -> None:
    assert mending.artefacts(raw, is_title=True) == {trace}
    assert not mending.artefacts(mending.title(raw), is_title=True)


def test_mark_up_entities_and_mojibake_are_mended() -> None:
    assert mending.mended("Tin &amp;amp; Moon,<br/>the <b>diverâ€™s</b>\u200b shell") == "Tin & Moon, the diver's shell"


@pytest.mark.parametrize(
    ("article", "told"),
    [
        (
            f"{LEAD} It stars Cy. The film follows a lazy smith who shoes the horses of both gangs. It was released.",
            "The story follows a lazy smith who shoes the horses of both gangs.",
        ),
        (
            "Tin Moon is a 1956 film about a blind smith who shoes the horses of two gangs, directed by Ann Roe.",
            "The story is about a blind smith who shoes the horses of two gangs.",
        ),
        (
            "Tin Moon is a 1956 comedy film that tells the story of a smith who marries a rich widow by mistake.",
            "The story is about a smith who marries a rich widow by mistake.",
        ),
        (
            "Tin Moon is a 1956 silent film in which a smith hides a wounded bandit from the whole town for years.",
            "A smith hides a wounded bandit from the whole town for years.",
        ),
        (
            "Tin Moon follows a blind smith who shoes the horses of both gangs in one night.",
            "The story follows a blind smith who shoes the horses of both gangs in one night.",
        ),
        (
            "In Tin Moon, a blind smith shoes the horses of both gangs in a single night.",
            "A blind smith shoes the horses of both gangs in a single night.",
        ),
        (LEAD, None),
        ("Tin Moon was filmed in Utah. They recruit a blind smith to shoe the horses of both gangs.", None),
        ("Tin Moon is a film. The town was built in a valley where nothing had grown for many years.", None),
    ],
)
def test_of_an_article_only_what_tells_the_story_is_kept(article: str, told: str | None) -> None:
    assert summary(article, source=wikipedia.NAME) == told


def test_of_other_synopses_only_asides_are_cut() -> None:
    assert summary(f"{TOLD} The film was nominated for nothing.") == TOLD
    assert summary(f"{TOLD} He is played by Cy Dee.") == TOLD
    assert summary(f"{TOLD} A film student tapes it.") == f"{TOLD} A film student tapes it."


def test_people_of_the_cast_are_no_part_of_a_summary() -> None:
    assert summary(f"{TOLD} Bo Li shines in every scene of it.") == TOLD


def test_sentences_printed_without_a_space_are_parted() -> None:
    glued = TOLD + "Then the storm comes to the village and takes the shell away from her."
    assert summary(glued) == glued.replace("village.Then", "village. Then")


def test_a_sentence_never_begins_with_somebody_who_was_cut() -> None:
    kept = list(telling.story(["The film was shot at sea.", "She finds a shell."], title="X", in_article=False))
    assert kept == [None, None]


@pytest.mark.parametrize(
    ("record", "refusal"),
    [
        (synopsis(TOLD, "TV Movie"), Refusal.NO_GENRE),
        (synopsis(TOLD, "Fitness"), Refusal.NO_GENRE),
        (synopsis(title="Shell Songs & More Nursery Rhymes"), Refusal.NO_GENRE),
        (synopsis("No."), Refusal.NO_STORY),
        (synopsis("Una mujer encuentra un mapa y debe huir de su pueblo para siempre."), Refusal.NO_STORY),
        (synopsis(title="海的儿子"), Refusal.BAD_CHARACTERS),
        (synopsis(title="[Shell"), Refusal.ARTEFACT),
        (synopsis(title="Tin { Moon }"), Refusal.BAD_CHARACTERS),
        (synopsis(title="Mi\ufffdlky"), Refusal.ARTEFACT),
    ],
)
def test_what_makes_no_show_says_why(record: Synopsis, refusal: Refusal) -> None:
    assert cleaning.judged(record) is refusal
    assert cleaning.show_of(record) is None


def test_pornographic_works_are_refused() -> None:
    record = Synopsis(source="x", work="w", title="A", text=TOLD, labels=("Drama",), keywords=("softcore", "sea"))
    assert cleaning.judged(record) is Refusal.FOR_ADULTS


def test_usable_keywords_become_themes() -> None:
    assert tags.themes(["Artificial Intelligence (A.I.)", "lost treasure", "Lost Treasure", "séance"]) == (
        "artificial intelligence",
        "lost treasure",
        "séance",
    )


@pytest.mark.parametrize(
    "keyword",
    [
        "aftercreditsstinger",
        "based on novel or book",
        "woman director",
        "sequel",
        "female protagonist",
        "Shounen",
        "1990s",
        "19th century",
        "anime",
        "drama",
        "exhilarated",
        "softcore",
        "title spoken by character",
        "reference to somebody",
        "末日",
        "tv",
        "a keyword of far too many words to be one",
        "<b>",
        "",
    ],
)
def test_keywords_about_the_making_make_no_theme(keyword: str) -> None:
    assert tags.themes([keyword]) == ()


def test_a_work_has_only_so_many_themes() -> None:
    assert len(tags.themes(f"theft number {word}" for word in "abcdefghijklmnopqrstuvwxyz")) == tags.MOST
