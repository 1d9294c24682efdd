import io
from itertools import pairwise
from math import cos, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.ui import poster as posters
from bot.ui.backdrops import PALETTES
from bot.ui.poster import HEIGHT, MARGIN, WIDTH, Layout, alt_text, layout, poster
from bot.ui.scriptpage import PAGE, PAGE_END, PAGE_MARGIN
from bot.ui.typesetting import drawable
from model import briefs

EXCERPT = """[INT. HOTEL LOBBY - NIGHT]
(Rain against the windows. MARGOT, 60, counts keys that nobody asked for.)
MARGOT: Room twelve again.
THEO (not looking up): We don't have a room twelve.
MARGOT: Then who just tipped me?"""
SHOW = {"title": "Late Checkout", "summary": "A hotel sells yesterday.", "genre": "comedy"}

WORDS = st.one_of(
    st.text(max_size=700),
    st.lists(st.text(alphabet=st.characters(codec="latin-1"), max_size=90), max_size=12).map(" ".join),
    st.sampled_from(
        (
            "",
            "a" * 600,
            "日本語のとても長い題名" * 9,
            "👨‍👩‍👧‍👦 🚀" * 40,
            "Ünïcödé — “naïve”…",
            "x\u0301\u0302\u0303" * 50,
        )
    ),
)


def assert_inside(plan: Layout, *, right: float) -> None:
    for line in plan.words:
        x0, y0, x1, y1 = line.box
        assert MARGIN - 4 <= x0 <= x1 <= right, line
        assert MARGIN - 4 <= y0 <= y1 <= HEIGHT - MARGIN / 2, line
    for line in plan.page:
        x0, y0, x1, y1 = line.box
        assert PAGE_MARGIN - 2 <= x0 <= x1 <= PAGE[0] - PAGE_MARGIN + 2, line
        assert PAGE_MARGIN - 2 <= y0 <= y1 <= PAGE_END + 2, line


@settings(max_examples=300, deadline=None)
@given(title=WORDS, summary=WORDS, genre=st.one_of(st.sampled_from(briefs.GENRES), st.text(max_size=40)), page=WORDS)
def test_no_line_leaves_its_place_whatever_is_written(title: str, summary: str, genre: str, page: str) -> None:
    plan = layout(title=title, summary=summary, genre=genre, excerpt=f"ANNA: {page}\n{page}")
    assert_inside(plan, right=WIDTH)
    if plan.page:
        assert_inside(plan, right=posters._PAGE_AT[0] - 20)


@settings(max_examples=200, deadline=None)
@given(title=WORDS, summary=WORDS)
def test_lines_never_touch_each_other(title: str, summary: str) -> None:
    plan = layout(title=title, summary=summary, genre="drama", excerpt=None)
    lines = plan.words
    assert [line.y for line in lines] == sorted(line.y for line in lines)
    for above, below in pairwise(lines):
        assert above.box[3] <= below.box[1] + above.size * 0.25, (above, below)


@pytest.mark.parametrize("angle", [-3, -2, 2, 3])
def test_the_words_of_the_turned_page_are_all_on_the_picture(angle: int) -> None:
    turn, (width, height) = radians(angle), PAGE
    spread = width * abs(cos(turn)) + height * abs(sin(turn)), width * abs(sin(turn)) + height * abs(cos(turn))
    for corner_x in (PAGE_MARGIN, width - PAGE_MARGIN):
        for corner_y in (PAGE_MARGIN, PAGE_END):
            x, y = corner_x - width / 2, corner_y - height / 2
            seen_x = posters._PAGE_AT[0] + spread[0] / 2 + x * cos(turn) + y * sin(turn)
            seen_y = posters._PAGE_AT[1] + spread[1] / 2 - x * sin(turn) + y * cos(turn)
            assert 640 < seen_x < WIDTH - 10
            assert 0 < seen_y < HEIGHT - 10


@pytest.mark.parametrize(
    "text", ["", "日本語", "🚀" * 30, "\ud800", "a" * 5000, "שלום", "\x00\x1b[31m", "e\u0301" * 200], ids=ascii
)
@pytest.mark.parametrize("excerpt", [True, False])
def test_any_text_becomes_a_picture(text: str, *, excerpt: bool) -> None:
    png = poster(title=text, summary=text, genre=text, excerpt=f"{text}\n{text}" if excerpt else None, seed=1)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == (1200, 675)
        assert picture.format == "PNG"
    assert len(png) <= 200_000


@pytest.mark.parametrize("genre", briefs.GENRES)
def test_every_genre_has_its_colours_and_a_small_picture(genre: str) -> None:
    assert genre in PALETTES
    for seed in range(2):
        png = poster(**{**SHOW, "genre": genre}, excerpt=EXCERPT if seed % 2 else None, seed=seed)
        assert len(png) <= 200_000


def test_the_words_can_be_read_on_every_palette() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    for genre, palette in PALETTES.items():
        assert light(palette.ink) / light(palette.ground) >= 7, genre
        assert light(palette.ink) / light(palette.shape) >= 4.5, genre
        assert light(palette.accent) / light(palette.ground) >= 4.5, genre


def test_the_same_show_has_the_same_picture_and_another_seed_another() -> None:
    once, again, other = (poster(**SHOW, excerpt=EXCERPT, seed=seed) for seed in (7, 7, 8))
    assert once == again
    assert once != other


def test_a_long_summary_ends_in_an_ellipsis_and_a_short_one_is_whole() -> None:
    long = layout(title="Ash", summary="letters " * 200, genre="drama", excerpt=EXCERPT).summary
    short = layout(title="Ash", summary="A town keeps sending letters.", genre="drama", excerpt=EXCERPT).summary
    assert long[-1].text.endswith("…")
    assert " ".join(line.text for line in short) == "A town keeps sending letters."


def test_a_page_shows_only_whole_elements() -> None:
    excerpt = EXCERPT + "\nTHEO: So it goes." * 40
    page = layout(**SHOW, excerpt=excerpt).page
    assert page[0].bold
    assert page[-1].text == "So it goes."


def test_letters_the_typeface_lacks_lose_their_marks_or_are_left_out() -> None:
    assert drawable("Café  ﬁn q\u0301ẍ\n— 日 😀 ok") == "Café ﬁn qx — ok"


def test_a_title_that_cannot_be_drawn_gives_way_to_the_genre_but_not_in_the_alt_text() -> None:
    plan = layout(title="日本語", summary="", genre="anime", excerpt=None)
    assert [line.text for line in plan.title] == ["Anime"]
    assert "日本語" in alt_text(title="日本語", summary="", genre="anime", excerpt=None)


def test_alt_text_says_what_is_seen_within_what_x_takes() -> None:
    text = alt_text(**SHOW, excerpt=EXCERPT)
    assert "Late Checkout" in text
    assert "Room twelve again." in text
    assert "\n" not in text
    assert len(alt_text(**SHOW, excerpt=EXCERPT * 50)) <= 1000
