import io

import pytest
from PIL import Image

from bot.ui.chart import MARGIN, WIDTH, Bar, alt_text, chart, layout
from tests.bot.conftest import OnlyFonts

BARS = [Bar(title="Late Checkout", genre="comedy", votes=4), Bar(title="灯台守 🚀", genre="anime", votes=1)]


def test_titles_that_ours_cannot_draw_are_drawn_in_fonts_of_the_machine(only_fonts_of: OnlyFonts) -> None:
    only_fonts_of(han="灯台守", emoji="🚀")
    assert [row.title.text for row in layout(BARS)] == ["1. Late Checkout", "2. 灯台守 🚀"]


def test_titles_that_no_font_draws_say_so(only_fonts_of: OnlyFonts) -> None:
    only_fonts_of()
    assert layout(BARS)[1].title.text == "2. [Chinese] [rocket]"


@pytest.mark.parametrize("title", ["灯台守の娘" * 40, "🚀" * 90, "שלום " * 60, "x\u0301" * 200])
def test_a_long_title_of_any_script_ends_before_its_count(title: str, only_fonts_of: OnlyFonts) -> None:
    only_fonts_of(han="灯台守の娘", emoji="🚀", hebrew="שלום")
    (row,) = layout([Bar(title=title, genre="drama", votes=12)])
    assert row.title.box[0] >= MARGIN - 2
    assert row.title.box[2] < row.count.box[0]
    assert row.title.text.endswith("…")


def test_the_picture_is_as_wide_as_it_says_and_grows_with_its_bars() -> None:
    heights = []
    for count in (1, 2):
        with Image.open(io.BytesIO(chart(BARS[:count], "Leaderboard"))) as picture:
            assert picture.width == WIDTH
            heights.append(picture.height)
    assert heights[0] < heights[1]


def test_the_words_for_it_have_every_title_as_it_was_written() -> None:
    assert alt_text(BARS, "Leaderboard") == "Leaderboard: 1. Late Checkout: 4; 2. 灯台守 🚀: 1"
    assert len(alt_text(BARS * 90, "Leaderboard")) <= 1000
